//! What is proven: transcript, sumcheck, lookups, openings and one relation per primitive.
