//! Templates: text with `{{ names }}`, strict and bounded.
