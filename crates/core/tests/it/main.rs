//! Phone numbers and addresses from outside.

mod oracle;
mod properties;
mod table;
