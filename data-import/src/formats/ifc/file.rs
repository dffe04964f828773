//! An IFC file in memory: its bytes, where each entity stands, and lists of those that the importer starts from.

use super::{archive, repairs, sweeps};
use crate::{ImportError, Source, source};
use ifc_lite_core::{AttributeValue, DecodedEntity, EntityDecoder, EntityIndex, EntityScanner, IfcType};
use ifc_lite_processing::discovery::Discovery;
use ifc_lite_processing::prepass::PrepassSpans;
use ifc_lite_processing::scan::ScanClass;
use std::collections::HashMap;
use std::sync::Arc;

/// Larger files are refused: the parser holds the whole text.
const LIMIT: u64 = 8 << 30;

/// The text that ends every complete file.
const END: &[u8] = b"END-ISO-10303-21;";

/// A product of the file, or a group of products (zone, system), in the file's order.
#[derive(Clone, Debug)]
pub struct Product {
    /// Entity number.
    pub id: u32,
    /// Its type.
    pub kind: IfcType,
    /// Where its record begins and ends.
    pub span: (usize, usize),
    /// The library has geometry for such a record.
    pub has_shape: bool,
    /// Of a type that stands for itself (a file of furniture without a building): its representation maps.
    pub maps: Vec<u32>,
}

/// Relations that the importer reads, by what they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Whole and parts.
    Aggregates,
    /// Host and what is nested in it.
    Nests,
    /// Structure and what it contains.
    Contains,
    /// Host and opening.
    Voids,
    /// Opening and filling.
    Fills,
    /// Objects and a set of properties.
    Properties,
    /// Objects and their type.
    Type,
    /// Objects and their material.
    Material,
    /// Members and their group (zone, system).
    Group,
    /// A system and the buildings or storeys it serves.
    Serves,
    /// Two ports, and what joins them.
    Ports,
    /// A port and its element.
    PortOf,
    /// Elements and a structure that holds them beside their container (a spatial zone).
    References,
    /// A room and an element at its boundary.
    Boundary,
    /// Objects and a classification reference.
    Classification,
    /// Objects and a document.
    Document,
    /// Representations and their presentation layer.
    Layer,
}

/// An IFC file, scanned once.
pub struct IfcFile {
    /// The file's text.
    pub bytes: Vec<u8>,
    /// Entity number → where its record is.
    pub index: Arc<EntityIndex>,
    /// The schema that its header names: `IFC4`.
    pub schema: String,
    /// All products.
    pub products: Vec<Product>,
    /// All relations of interest: kind and record.
    pub relations: Vec<(Relation, (usize, usize))>,
    /// What the geometry library resolves before meshing.
    pub spans: PrepassSpans,
    /// Number of the project.
    pub project: Option<u32>,
    /// Entities that say where the model is, in the form the library's extractor wants.
    pub georeferences: Vec<(u32, IfcType)>,
    /// Geometric contexts (they know true north).
    pub contexts: Vec<(usize, usize)>,
    /// Lines of records that could not be read.
    pub malformed: Vec<u64>,
    /// Numbers that two records have; the later one counts.
    pub repeated: Vec<u32>,
    /// Some surface wears a texture.
    pub textured: bool,
    /// Sweeps whose range was taken out ([`repairs`]).
    pub whole_sweeps: u64,
    /// Some sweep follows an alignment ([`sweeps`]).
    pub swept_alignments: bool,
}

/// What one pass over the records finds.
struct Found {
    products: Vec<Product>,
    relations: Vec<(Relation, (usize, usize))>,
    georeferences: Vec<(u32, IfcType)>,
    contexts: Vec<(usize, usize)>,
    sweeps: Vec<(usize, usize)>,
    project: Option<u32>,
    textured: bool,
    discovery: Discovery,
    /// Lines of records that cannot be read.
    malformed: Vec<u64>,
    /// Numbers of the records that `takes` did not want.
    refused: Vec<u32>,
}

impl Found {
    /// Reads the records of which `takes` says so, given their number and place; it is asked once for each.
    fn sift(bytes: &[u8], mut takes: impl FnMut(u32, (usize, usize)) -> bool) -> Self {
        let mut found = Self {
            products: vec![],
            relations: vec![],
            georeferences: vec![],
            contexts: vec![],
            sweeps: vec![],
            project: None,
            textured: false,
            discovery: Discovery::new(false),
            malformed: vec![],
            refused: vec![],
        };
        let mut meanings: HashMap<&str, Meaning> = HashMap::new();
        let mut scanner = EntityScanner::new(bytes);
        while let Some((id, name, start, end)) = scanner.next_entity() {
            if !takes(id, (start, end)) {
                found.refused.push(id);
                continue;
            }
            let has_shape = found.discovery.observe(bytes, ScanClass::classify(name), id, name, start, end).is_some();
            match meanings.entry(name).or_insert_with(|| meaning(name)) {
                Meaning::Product(kind) => found.products.push(Product { id, kind: kind.clone(), span: (start, end), has_shape, maps: Vec::new() }),
                Meaning::Relation(relation) => found.relations.push((*relation, (start, end))),
                // Of property sets, only those of the convention for IFC2x3.
                Meaning::Georeference(IfcType::IfcPropertySet) => {
                    let record = &bytes[start.min(bytes.len())..end.min(bytes.len())];
                    if record.windows(6).take(256).any(|w| w.eq_ignore_ascii_case(b"'ePSet")) {
                        found.georeferences.push((id, IfcType::IfcPropertySet));
                    }
                }
                Meaning::Georeference(kind) => found.georeferences.push((id, kind.clone())),
                Meaning::Context => found.contexts.push((start, end)),
                Meaning::Project => {
                    found.project.get_or_insert(id);
                    found.georeferences.push((id, IfcType::IfcProject));
                }
                Meaning::Texture => found.textured = true,
                Meaning::Sweep => found.sweeps.push((start, end)),
                Meaning::Nothing => {}
            }
        }
        let starts = scanner.malformed_record_starts().iter().chain(scanner.skipped_oversized_id_starts());
        found.malformed = lines_of(bytes, starts.copied().collect());
        found
    }
}

/// What a keyword means to the scan, found once a keyword.
#[derive(Clone)]
enum Meaning {
    Product(IfcType),
    Relation(Relation),
    Georeference(IfcType),
    Context,
    Project,
    Texture,
    Sweep,
    Nothing,
}

impl IfcFile {
    /// Reads and scans a file, refusing what is no IFC, or not all of one.
    pub fn read(source: &Source) -> Result<Self, ImportError> {
        let bytes = source::read_file(&source.path, &source.name, LIMIT)?;
        let bytes = if archive::is_zip(&bytes) { archive::unpack(&bytes, &source.name, LIMIT)? } else { bytes };
        if bytes.trim_ascii_start().starts_with(b"<") {
            return Err(ImportError::corrupt(&source.name, "byte 0", "this is ifcXML, which is not read: save the model as .ifc"));
        }
        let scan = std::panic::AssertUnwindSafe(|| Self::scan(bytes, &source.name));
        std::panic::catch_unwind(scan).unwrap_or_else(|_| Err(ImportError::corrupt(&source.name, "DATA", "the records cannot be told apart")))
    }

    /// Scans the text of a file.
    pub fn scan(mut bytes: Vec<u8>, file: &str) -> Result<Self, ImportError> {
        if !is_step(&bytes) {
            return Err(ImportError::corrupt(file, "byte 0", "the file does not begin with 'ISO-10303-21;', as every IFC file does"));
        }
        let schema = ifc_lite_core::declared_schema_bounded(&bytes).unwrap_or_default();
        if !schema.to_ascii_uppercase().starts_with("IFC") {
            let reason = format!("the header names the schema '{schema}', which is not IFC");
            return Err(ImportError::corrupt(file, "FILE_SCHEMA", reason));
        }
        let tail = &bytes[bytes.len().saturating_sub(4096)..];
        if !tail.windows(END.len()).any(|w| w == END) {
            let line = line_of(&bytes, bytes.len());
            return Err(ImportError::corrupt(file, format!("line {line}"), "the file is cut off: 'END-ISO-10303-21;' is missing"));
        }

        let mut index = EntityIndex::default();
        let mut found = Found::sift(&bytes, |id, span| index.insert(id, span).is_none());
        let mut repeated = std::mem::take(&mut found.refused);
        if !repeated.is_empty() {
            // Of records with one number the last counts, and only it: a product that stands there a thousand times is one.
            found = Found::sift(&bytes, |id, span| index.get(&id) == Some(&span));
            repeated.sort_unstable();
            repeated.dedup();
        }
        let Found { mut products, relations, georeferences, contexts, sweeps: swept, project, textured, discovery, malformed, .. } = found;
        if products.iter().all(|p: &Product| !p.has_shape) {
            // A library: what it has to show are types.
            let types = &discovery.types;
            let single = types.products.iter().filter(|(id, ..)| !types.instantiated_type_ids.contains(id));
            let shown = single.map(|(id, start, end, kind, maps)| Product { id: *id, kind: kind.clone(), span: (*start, *end), has_shape: true, maps: maps.clone() });
            products.extend(shown.filter(|p| index.contains_key(&p.id)));
        }
        if index.is_empty() {
            return Err(ImportError::corrupt(file, "DATA", "the data section holds no entity"));
        }
        let (spans, index) = (discovery.prepass_spans, Arc::new(index));
        let whole_sweeps = repairs::sweep_whole_polylines(&mut bytes, &swept, &index);
        let swept_alignments = sweeps::along_alignments(&bytes, &swept, &index);
        Ok(Self {
            index,
            schema: schema.to_ascii_uppercase(),
            products,
            relations,
            spans,
            project,
            georeferences,
            contexts,
            malformed,
            repeated,
            textured,
            whole_sweeps,
            swept_alignments,
            bytes,
        })
    }

    /// A decoder of this file.
    pub fn decoder(&self) -> EntityDecoder<'_> {
        EntityDecoder::with_arc_index(&self.bytes, self.index.clone())
    }

    /// Reads the entity of a number, without keeping it.
    pub fn entity(&self, decoder: &EntityDecoder<'_>, id: u32) -> Option<DecodedEntity> {
        let (start, end) = *self.index.get(&id)?;
        decoder.decode_at_uncached(start, end).ok()
    }

    /// Reads the record at a place.
    pub fn record(&self, decoder: &EntityDecoder<'_>, span: (usize, usize)) -> Option<DecodedEntity> {
        decoder.decode_at_uncached(span.0, span.1).ok()
    }
}

/// The line, from 1, of a byte.
pub fn line_of(bytes: &[u8], at: usize) -> u64 {
    1 + bytes.iter().take(at).filter(|b| **b == b'\n').count() as u64
}

/// The lines, from 1, of many bytes, in their order: one pass, however many they are.
fn lines_of(bytes: &[u8], mut places: Vec<usize>) -> Vec<u64> {
    places.sort_unstable();
    let (mut from, mut line) = (0, 1);
    let mut count = |at: usize| {
        line += bytes.get(from..at).unwrap_or_default().iter().filter(|b| **b == b'\n').count() as u64;
        from = at;
        line
    };
    places.into_iter().map(&mut count).collect()
}

/// Does the text begin like a STEP file?
pub fn is_step(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    text.starts_with(b"ISO-10303-21")
}

/// The number of an attribute, which may stand in a one-entry list.
pub fn reference(entity: &DecodedEntity, slot: usize) -> Option<u32> {
    let value = entity.get(slot)?;
    value.as_entity_ref().or_else(|| value.as_list()?.first()?.as_entity_ref())
}

/// All numbers of an attribute that holds one or many.
pub fn references(entity: &DecodedEntity, slot: usize) -> Vec<u32> {
    entity.get_refs(slot).unwrap_or_default()
}

/// A text attribute that says something.
pub fn text(entity: &DecodedEntity, slot: usize) -> Option<String> {
    let value = entity.get(slot).and_then(AttributeValue::as_string)?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn meaning(name: &str) -> Meaning {
    let upper = name.to_ascii_uppercase();
    let relation = match upper.as_str() {
        "IFCRELAGGREGATES" => Relation::Aggregates,
        "IFCRELNESTS" => Relation::Nests,
        "IFCRELCONTAINEDINSPATIALSTRUCTURE" => Relation::Contains,
        "IFCRELVOIDSELEMENT" => Relation::Voids,
        "IFCRELFILLSELEMENT" => Relation::Fills,
        "IFCRELDEFINESBYPROPERTIES" => Relation::Properties,
        "IFCRELDEFINESBYTYPE" => Relation::Type,
        "IFCRELASSOCIATESMATERIAL" => Relation::Material,
        "IFCRELASSIGNSTOGROUP" | "IFCRELASSIGNSTOGROUPBYFACTOR" => Relation::Group,
        "IFCRELSERVICESBUILDINGS" => Relation::Serves,
        "IFCRELCONNECTSPORTS" => Relation::Ports,
        "IFCRELCONNECTSPORTTOELEMENT" => Relation::PortOf,
        "IFCRELREFERENCEDINSPATIALSTRUCTURE" => Relation::References,
        "IFCRELSPACEBOUNDARY" | "IFCRELSPACEBOUNDARY1STLEVEL" | "IFCRELSPACEBOUNDARY2NDLEVEL" => Relation::Boundary,
        "IFCRELASSOCIATESCLASSIFICATION" => Relation::Classification,
        "IFCRELASSOCIATESDOCUMENT" => Relation::Document,
        "IFCPRESENTATIONLAYERASSIGNMENT" | "IFCPRESENTATIONLAYERWITHSTYLE" => Relation::Layer,
        "IFCINDEXEDTRIANGLETEXTUREMAP" | "IFCINDEXEDPOLYGONALTEXTUREMAP" | "IFCINDEXEDTEXTUREMAP" => return Meaning::Texture,
        "IFCSURFACECURVESWEPTAREASOLID" | "IFCFIXEDREFERENCESWEPTAREASOLID" => return Meaning::Sweep,
        "IFCPROJECT" => return Meaning::Project,
        "IFCGEOMETRICREPRESENTATIONCONTEXT" => return Meaning::Context,
        // The scaled conversion begins with the plain one's attributes; the extractor wants it under that name.
        "IFCMAPCONVERSION" | "IFCMAPCONVERSIONSCALED" => return Meaning::Georeference(IfcType::IfcMapConversion),
        "IFCRIGIDOPERATION" => return Meaning::Georeference(IfcType::IfcRigidOperation),
        "IFCPROJECTEDCRS" => return Meaning::Georeference(IfcType::IfcProjectedCRS),
        "IFCGEOGRAPHICCRS" => return Meaning::Georeference(IfcType::IfcGeographicCRS),
        "IFCWELLKNOWNTEXT" => return Meaning::Georeference(IfcType::IfcWellKnownText),
        // IFC2x3 keeps the conversion in a property set by convention.
        "IFCPROPERTYSET" => return Meaning::Georeference(IfcType::IfcPropertySet),
        _ => {
            let kind = ifc_lite_core::ifc_type_from_keyword(name);
            let kept = kind.is_subtype_of(IfcType::IfcProduct) || kind.is_subtype_of(IfcType::IfcGroup);
            return if kept { Meaning::Product(kind) } else { Meaning::Nothing };
        }
    };
    Meaning::Relation(relation)
}
