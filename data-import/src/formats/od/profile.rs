//! Profiles of a day: 24 shares, one an hour from midnight on.

use crate::ImportError;
use std::path::Path;

/// A file of 24 numbers is not longer.
const MOST_BYTES: u64 = 64 * 1024;

/// Reads 24 numbers of 0 or more, with commas, blanks, semicolons or lines between; what follows a `#` is a comment. Their sum is
/// taken as the whole.
///
/// # Errors
/// Where the file cannot be read, or holds anything else.
pub fn read_profile(path: &Path) -> Result<[f64; 24], ImportError> {
    let name = path.display().to_string();
    let size = std::fs::metadata(path).map_err(|e| ImportError::io(&name, e))?.len();
    if size > MOST_BYTES {
        return Err(ImportError::corrupt(&name, "the file", "a profile is 24 numbers; this file is longer than 64 KiB"));
    }
    let text = std::fs::read(path).map_err(|e| ImportError::io(&name, e))?;
    let mut shares = Vec::new();
    for (line, text) in (1..).zip(String::from_utf8_lossy(&text).lines()) {
        for word in text.split('#').next().unwrap_or_default().split([',', ';', ' ', '\t', '\u{feff}']).filter(|w| !w.is_empty()) {
            let share = word.parse::<f64>().ok().filter(|s| s.is_finite() && *s >= 0.0);
            shares.push(share.ok_or_else(|| ImportError::corrupt(&name, format!("line {line}"), format!("'{}' is no share of 0 or more", word.chars().take(40).collect::<String>())))?);
        }
    }
    let count = shares.len();
    let shares: [f64; 24] = shares.try_into().map_err(|_| ImportError::corrupt(&name, "its end", format!("a profile is 24 shares, one for each hour; there are {count}")))?;
    if shares.iter().sum::<f64>() > 0.0 { Ok(shares) } else { Err(ImportError::corrupt(&name, "its end", "all shares are 0: nobody would travel")) }
}
