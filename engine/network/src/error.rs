//! What can make a network impossible, or an edit of it.

/// Why there is no network, or why an edit of it was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NetworkError {
    /// Lengths need metres.
    #[error("a network needs coordinates in metres, but the store's CRS '{0}' is geographic; import with --crs and a projected CRS")]
    Geographic(String),
    /// An edit names something that is not in the network.
    #[error("there is no {what} '{id}'{}", nearest.as_ref().map(|n| format!(" (did you mean '{n}'?)")).unwrap_or_default())]
    Unknown {
        /// `road`, `link`, `door` …
        what: &'static str,
        /// As the edit wrote it.
        id: String,
        /// The most similar valid id.
        nearest: Option<String>,
    },
    /// An edit names a lane that the link does not have.
    #[error("'{id}' has no lane {lane}; its lanes are 0 to {last}")]
    NoLane {
        /// Road or link.
        id: String,
        /// As the edit wrote it.
        lane: u32,
        /// The greatest number that would do.
        last: u32,
    },
    /// An edit's value is out of range.
    #[error("'{id}': {message}")]
    Invalid {
        /// Object.
        id: String,
        /// What is wrong with the value.
        message: String,
    },
}
