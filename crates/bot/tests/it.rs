//! The tests of the assistant that need more than one part of it.
