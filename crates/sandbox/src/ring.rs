//! A queue that forgets its oldest entries, so that a long run cannot fill the memory.

use std::collections::VecDeque;

/// Keeps the newest entries within a count and a size in bytes; at least one entry always stays.
#[derive(Debug)]
pub(crate) struct Ring<T> {
    items: VecDeque<(usize, T)>,
    bytes: usize,
    /// The position of the oldest entry still kept, counted over the whole life of the ring.
    first: u64,
    max_items: usize,
    max_bytes: usize,
}

impl<T> Ring<T> {
    pub(crate) fn new(max_items: usize, max_bytes: usize) -> Self {
        Self { items: VecDeque::new(), bytes: 0, first: 0, max_items: max_items.max(1), max_bytes }
    }

    /// Adds an entry of the given size; gives back its position and what had to go.
    pub(crate) fn push(&mut self, item: T, size: usize) -> (u64, Vec<T>) {
        self.items.push_back((size, item));
        self.bytes += size;
        let mut evicted = Vec::new();
        while self.items.len() > 1 && (self.items.len() > self.max_items || self.bytes > self.max_bytes) {
            if let Some((size, item)) = self.items.pop_front() {
                self.bytes -= size;
                self.first += 1;
                evicted.push(item);
            }
        }
        (self.next() - 1, evicted)
    }

    /// The position that the next entry will get.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.items.len() as u64
    }

    /// The position of the oldest entry still kept.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    pub(crate) fn get_mut(&mut self, position: u64) -> Option<&mut T> {
        let index = usize::try_from(position.checked_sub(self.first)?).ok()?;
        self.items.get_mut(index).map(|(_, item)| item)
    }

    pub(crate) fn get(&self, position: u64) -> Option<&T> {
        let index = usize::try_from(position.checked_sub(self.first)?).ok()?;
        self.items.get(index).map(|(_, item)| item)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter().map(|(_, item)| item)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut().map(|(_, item)| item)
    }

    /// Forgets all entries; positions go on from where they were.
    pub(crate) fn clear(&mut self) {
        self.first = self.next();
        self.items.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_by_count_and_by_size() {
        let mut ring = Ring::new(3, 100);
        for n in 0..5 {
            ring.push(n, 10);
        }
        assert_eq!(ring.iter().copied().collect::<Vec<_>>(), [2, 3, 4]);
        let (position, evicted) = ring.push(5, 90);
        assert_eq!((position, evicted), (5, vec![2, 3]));
        assert_eq!(ring.get(4), Some(&4));
        assert_eq!(ring.get(1), None);
        assert_eq!(ring.first(), 4);
    }

    #[test]
    fn an_entry_larger_than_the_ring_is_kept_alone() {
        let mut ring = Ring::new(3, 10);
        ring.push("small", 5);
        let (_, evicted) = ring.push("huge", 50);
        assert_eq!(evicted, ["small"]);
        assert_eq!(ring.iter().count(), 1);
    }

    #[test]
    fn positions_go_on_after_a_clear() {
        let mut ring = Ring::new(3, 10);
        ring.push('a', 1);
        ring.clear();
        assert_eq!(ring.push('b', 1).0, 1);
        assert_eq!(ring.get(0), None);
    }
}
