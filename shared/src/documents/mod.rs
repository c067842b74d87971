//! Documents of AWS, read and compared by meaning: policies, filter patterns, event selectors, principals.

pub mod filter_pattern;
pub mod policy;
pub mod principals;
pub mod selectors;
