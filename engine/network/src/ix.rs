//! Typed indices into the flat arrays of the networks: a lane's number cannot be taken for a link's.

use serde::{Deserialize, Serialize};

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// For indexing.
            #[inline]
            pub const fn ix(self) -> usize {
                self.0 as usize
            }

            /// From a place in an array (which never holds more than `u32::MAX` elements here).
            #[inline]
            pub const fn new(ix: usize) -> Self {
                Self(ix as u32)
            }
        })+
    };
}

indices! {
    /// A node of the lane network.
    NodeIx,
    /// A directed link.
    LinkIx,
    /// A lane of a link.
    LaneIx,
    /// A connection from a lane over a junction to a lane.
    ConnIx,
    /// A junction.
    JunctionIx,
    /// A signal programme.
    ProgramIx,
    /// A convex walkable area.
    AreaIx,
    /// A portal between two walkable areas.
    PortalIx,
}

/// The indices of a range as `usize`, for slicing.
#[inline]
pub(crate) fn span(range: &std::ops::Range<u32>) -> std::ops::Range<usize> {
    range.start as usize..range.end as usize
}
