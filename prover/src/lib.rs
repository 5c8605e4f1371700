//! Program and path to a proof.
