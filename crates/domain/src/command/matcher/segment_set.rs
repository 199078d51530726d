//! Which parts of a usage are still to be matched.

/// Segments, one bit each.
#[derive(Clone, Copy)]
pub(super) struct SegmentSet(pub(super) u32);

impl SegmentSet {
    pub(super) fn all(count: usize) -> Self {
        Self(u32::MAX.checked_shr(u32::BITS - count as u32).unwrap_or(0))
    }

    pub(super) fn without(self, segment: usize) -> Self {
        Self(self.0 & !(1 << segment))
    }

    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        (0..u32::BITS as usize).filter(move |segment| self.0 & (1 << segment) != 0)
    }
}
