//! What is not a valid record at its place of its chain is refused, and a log that is not what it signed does not go on.

