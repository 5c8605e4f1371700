//! The name that somebody probably meant.

/// The known name with the fewest changed letters; `None` if too many are changed for a slip of the hand.
pub(crate) fn nearest<'n>(got: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let limit = (got.chars().count() / 3).clamp(1, 4);
    let distances = known.into_iter().map(|name| (distance(got, name), name));
    let (changes, name) = distances.min_by_key(|(changes, _)| *changes)?;
    (changes <= limit).then(|| name.to_owned())
}

/// Letters to insert, remove, replace or swap with their neighbour; what differs beyond 64 letters counts as one.
fn distance(left: &str, right: &str) -> usize {
    let letters = |text: &str| text.chars().take(64).flat_map(char::to_lowercase).collect::<Vec<_>>();
    let tail = usize::from(left.chars().skip(64).ne(right.chars().skip(64)));
    let (left, right) = (letters(left), letters(right));
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let replaced = row[j] + usize::from(a != b);
            let mut least = replaced.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0) + tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_hand_are_found() {
        let known = ["max_order", "min_interval", "max_position"];
        let meant = |got| nearest(got, known);
        assert_eq!(meant("max_oder").as_deref(), Some("max_order"));
        assert_eq!(meant("mxa_order").as_deref(), Some("max_order"));
        assert_eq!(meant("Max_Position").as_deref(), Some("max_position"));
        assert_eq!(meant("colour"), None);
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn swaps_and_insertions_count_one() {
        assert_eq!(distance("abcd", "abdc"), 1);
        assert_eq!(distance("abcd", "abcde"), 1);
        assert_eq!(distance("", "ab"), 2);
        assert_eq!(distance(&"a".repeat(100), &"a".repeat(99)), 1);
    }
}
