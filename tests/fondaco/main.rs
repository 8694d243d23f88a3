//! The one integration-test binary: linking is slow, so every file of this folder is a module of it.

mod schemas;
