mod contracts;
mod files;
mod moved;
mod support;
