mod bot;
mod contracts;
mod files;
mod moved;
mod pairing;
mod support;
