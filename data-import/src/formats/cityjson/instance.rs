//! Geometry templates placed at a point with a matrix: a street's lamps share one shape in the file; here each gets its own,
//! as coordinates in the store's CRS are not those of the template turned and moved (projections distort).

use super::model::RawGeometry;

/// Where an instance stands and how it is turned.
#[derive(Debug)]
pub struct Placement {
    /// Number of the template.
    pub template: usize,
    /// Number of the vertex it stands at.
    pub anchor: u32,
    matrix: [f64; 16],
}

impl Placement {
    /// Reads an instance; the error says what is missing.
    pub fn of(raw: &RawGeometry) -> Result<Self, String> {
        let template = raw.template.ok_or("a GeometryInstance needs the number of its template")? as usize;
        let [anchor] = raw.boundaries.indices.as_slice() else {
            return Err(format!("a GeometryInstance stands at one vertex, here are {}", raw.boundaries.indices.len()));
        };
        let identity = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        let matrix = match raw.matrix.as_slice() {
            [] => identity,
            numbers => <[f64; 16]>::try_from(numbers).map_err(|_| format!("a matrix has 16 numbers, here are {}", numbers.len()))?,
        };
        if !matrix.iter().all(|n| n.is_finite()) {
            return Err("the matrix holds something that is not a number".into());
        }
        Ok(Self { template, anchor: *anchor, matrix })
    }

    /// A template's vertex in the source's CRS, around `anchor`.
    pub fn place(&self, v: [f64; 3], anchor: [f64; 3]) -> [f64; 3] {
        let m = &self.matrix;
        let row = |r: usize| m[4 * r] * v[0] + m[4 * r + 1] * v[1] + m[4 * r + 2] * v[2] + m[4 * r + 3];
        let w = row(3);
        let scale = if w == 0.0 { 1.0 } else { 1.0 / w };
        [0, 1, 2].map(|axis| row(axis) * scale + anchor[axis])
    }
}

#[cfg(test)]
mod tests {
    use super::super::nested::Nested;
    use super::*;

    #[test]
    fn the_matrix_turns_scales_and_moves_before_the_anchor() {
        let raw = RawGeometry {
            template: Some(0),
            boundaries: Nested { indices: vec![3], ..Nested::default() },
            matrix: vec![0.0, -2.0, 0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 1.0],
            ..Default::default()
        };
        let placement = Placement::of(&raw).unwrap();
        assert_eq!(placement.place([1.0, 2.0, 3.0], [100.0, 200.0, 0.0]), [97.0, 202.0, 6.0]);
        assert!(Placement::of(&RawGeometry { matrix: vec![1.0; 9], ..raw }).unwrap_err().contains("16"));
    }
}
