//! Parses and compares AWS documents by meaning: policies, filter patterns, event selectors and principals.

pub mod filter_pattern;
pub mod policy;
pub mod principals;
pub mod selectors;
