//! What some programs write other than the standard means it, put right before the geometry library reads it.

use super::file::references;
use ifc_lite_core::{EntityDecoder, EntityIndex, IfcType};
use std::sync::Arc;

/// Sweeps along a whole polyline that state the range 0…1 for it. By the standard, 0…1 is its first segment only; who writes it
/// for a polyline of many segments means all of it (and IfcOpenShell and web-ifc read it so). The range is taken out, in
/// place. Gives the number of sweeps that were changed.
pub fn sweep_whole_polylines(bytes: &mut [u8], sweeps: &[(usize, usize)], index: &Arc<EntityIndex>) -> u64 {
    let mut ranges = Vec::new();
    let decoder = EntityDecoder::with_arc_index(&*bytes, index.clone());
    for (start, end) in sweeps {
        let Ok(sweep) = decoder.decode_at_uncached(*start, *end) else { continue };
        if sweep.get_float(3) != Some(0.0) || sweep.get_float(4) != Some(1.0) {
            continue;
        }
        let directrix = sweep.get_ref(2).and_then(|id| index.get(&id)).and_then(|(from, to)| decoder.decode_at_uncached(*from, *to).ok());
        if !directrix.is_some_and(|d| d.ifc_type == IfcType::IfcPolyline && references(&d, 0).len() > 2) {
            continue;
        }
        // A record of numbers and references only: commas part its attributes.
        let record = &bytes[*start..*end];
        let commas: Vec<usize> = record.iter().enumerate().filter(|(_, b)| **b == b',').map(|(at, _)| start + at).collect();
        if let [_, _, before, _, after, ..] = commas.as_slice() {
            ranges.push((*before, *after));
        }
    }
    drop(decoder);
    for (before, after) in &ranges {
        let range = &mut bytes[before + 1..*after];
        range.fill(b' ');
        // At least "0,1": room for both.
        range[0] = b'$';
        range[1] = b',';
        range[2] = b'$';
    }
    ranges.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ranges_of_long_polylines_are_taken_out() {
        let text = "#1=IFCPOLYLINE((#9,#9,#9));\n#2=IFCPOLYLINE((#9,#9));\n#3=IFCSURFACECURVESWEPTAREASOLID(#8,#8,#1,0.,1.,#7);\n\
                    #4=IFCSURFACECURVESWEPTAREASOLID(#8,#8,#2,0.,1.,#7);\n#5=IFCSURFACECURVESWEPTAREASOLID(#8,#8,#1,0.,2.,#7);\n#6=IFCFIXEDREFERENCESWEPTAREASOLID(#8,$,#1,0,1,#7);";
        let mut bytes = text.as_bytes().to_vec();
        let mut index = EntityIndex::default();
        let mut sweeps = Vec::new();
        let mut scanner = ifc_lite_core::EntityScanner::new(text.as_bytes());
        while let Some((id, name, start, end)) = scanner.next_entity() {
            index.insert(id, (start, end));
            if name.ends_with("SOLID") {
                sweeps.push((start, end));
            }
        }
        assert_eq!(sweep_whole_polylines(&mut bytes, &sweeps, &Arc::new(index)), 2);
        let expected = text.replace("(#8,#8,#1,0.,1.,#7)", "(#8,#8,#1,$,$  ,#7)").replace("(#8,$,#1,0,1,#7)", "(#8,$,#1,$,$,#7)");
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }
}
