mod contracts;
mod files;
mod support;
