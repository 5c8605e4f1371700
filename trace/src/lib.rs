//! What an agent did: records, signatures, chains, paths and bundles.
