//! Well-known text of geometries (`POLYGON Z ((…))`), as tables carry it in a column.

use super::shape::{MAX_DEPTH, Position, Shape};
use super::wkb::merge;

const KINDS: [&str; 10] = [
    "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION", "TRIANGLE", "TIN", "POLYHEDRALSURFACE",
];

/// True for text that begins as a geometry does.
pub fn looks_like(text: &str) -> bool {
    let text = text.trim_start();
    let text = text.split_once(';').filter(|(head, _)| head.get(..5).is_some_and(|h| h.eq_ignore_ascii_case("srid="))).map_or(text, |(_, rest)| rest);
    let word: String = text.trim_start().chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_uppercase();
    KINDS.iter().any(|k| word.strip_prefix(k).is_some_and(|rest| matches!(rest, "" | "Z" | "M" | "ZM")))
}

/// Reads a geometry, with or without PostGIS' `SRID=n;`. `Err` says what is wrong with it.
pub fn parse(text: &str) -> Result<Shape, String> {
    let text = text.trim();
    let text = match text.split_once(';') {
        Some((head, rest)) if head.get(..5).is_some_and(|h| h.eq_ignore_ascii_case("srid=")) => rest,
        _ => text,
    };
    let mut reader = Reader { rest: text };
    let shape = reader.geometry(0)?;
    if reader.rest.trim().is_empty() { Ok(shape) } else { Err(format!("after the geometry comes '{}'", shown(reader.rest))) }
}

fn shown(text: &str) -> String {
    let mut short: String = text.trim_start().chars().take(20).collect();
    if short.len() < text.trim_start().len() {
        short.push('…');
    }
    short
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn word(&mut self) -> String {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_ascii_uppercase()
    }

    fn eat(&mut self, mark: char) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, mark: char) -> Result<(), String> {
        if self.eat(mark) { Ok(()) } else { Err(format!("'{mark}' is missing before '{}'", shown(self.rest))) }
    }

    /// `EMPTY`, or items between parentheses.
    fn list<T>(&mut self, item: &mut dyn FnMut(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        if self.rest.trim_start().get(..5).is_some_and(|w| w.eq_ignore_ascii_case("EMPTY")) {
            self.word();
            return Ok(vec![]);
        }
        self.expect('(')?;
        let mut all = vec![item(self)?];
        while self.eat(',') {
            all.push(item(self)?);
        }
        self.expect(')')?;
        Ok(all)
    }

    fn position(&mut self, measured: bool) -> Result<Position, String> {
        let (mut p, mut count) = ([0.0; 3], 0);
        loop {
            self.rest = self.rest.trim_start();
            let end = self.rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')')).unwrap_or(self.rest.len());
            if end == 0 {
                break;
            }
            let (word, rest) = self.rest.split_at(end);
            let number: f64 = word.parse().map_err(|_| format!("'{}' is no number", shown(word)))?;
            if count < 2 || (count == 2 && !measured) {
                p[count] = number;
            }
            count += 1;
            self.rest = rest;
        }
        if !(2..=4).contains(&count) {
            return Err(format!("a position has {count} numbers, before '{}'", shown(self.rest)));
        }
        if p[2].is_nan() {
            p[2] = 0.0;
        }
        Ok(p)
    }

    fn geometry(&mut self, depth: usize) -> Result<Shape, String> {
        if depth > MAX_DEPTH {
            return Err(format!("geometries are nested deeper than {MAX_DEPTH}"));
        }
        let word = self.word();
        let kind = KINDS.iter().find(|k| word.strip_prefix(**k).is_some_and(|rest| matches!(rest, "" | "Z" | "M" | "ZM")));
        let Some(kind) = kind else {
            return Err(match word.as_str() {
                w if w.contains("CURVE") || w.contains("CIRCULAR") || w == "MULTISURFACE" => format!("{w} has circular arcs, which Qike does not read"),
                "" => format!("a geometry begins with its type, not with '{}'", shown(self.rest)),
                w => format!("'{w}' is no geometry type"),
            });
        };
        let mut measured = word.len() > kind.len() && word.ends_with('M') && !word.ends_with("ZM");
        let before = self.rest;
        match self.word().as_str() {
            "" | "Z" | "ZM" => {}
            "M" => measured = true,
            "EMPTY" => self.rest = before,
            other => return Err(format!("'{other}' after {kind} is neither Z, M, ZM nor EMPTY")),
        }
        let mut line = |r: &mut Self| r.list(&mut |r| r.position(measured));
        Ok(match *kind {
            "POINT" => Shape::Points(line(self)?),
            "LINESTRING" => Shape::Lines(vec![line(self)?]),
            "POLYGON" | "TRIANGLE" => Shape::Areas(vec![self.list(&mut line)?]),
            "MULTIPOINT" => Shape::Points(self.list(&mut |r| {
                if !r.eat('(') {
                    return r.position(measured);
                }
                let p = r.position(measured)?;
                r.expect(')').map(|()| p)
            })?),
            "MULTILINESTRING" => Shape::Lines(self.list(&mut line)?),
            "GEOMETRYCOLLECTION" => merge(self.list(&mut |r| r.geometry(depth + 1))?),
            _ => Shape::Areas(self.list(&mut |r| r.list(&mut line))?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_programs_write_it() {
        let (a, b, c) = ([1.0, 2.0, 0.0], [3.0, 4.5, 0.0], [-5.0, 6.0, 7.0]);
        for (text, expected) in [
            ("POINT (1 2)", Shape::Points(vec![a])),
            ("point(1 2)", Shape::Points(vec![a])),
            ("SRID=4326;POINT Z (-5 6e0 7)", Shape::Points(vec![c])),
            ("POINTZ(-5 6 7)", Shape::Points(vec![c])),
            ("POINT M (1 2 9)", Shape::Points(vec![a])),
            ("POINT ZM (-5 6 7 9)", Shape::Points(vec![c])),
            ("POINT EMPTY", Shape::Points(vec![])),
            ("LINESTRING(1 2,3 4.5)", Shape::Lines(vec![vec![a, b]])),
            ("MULTIPOINT(1 2, 3 4.5)", Shape::Points(vec![a, b])),
            ("MULTIPOINT((1 2),(3 4.5))", Shape::Points(vec![a, b])),
            ("POLYGON((1 2,3 4.5,1 2),(1 2,3 4.5))", Shape::Areas(vec![vec![vec![a, b, a], vec![a, b]]])),
            ("MULTIPOLYGON (((1 2, 3 4.5)), EMPTY)", Shape::Areas(vec![vec![vec![a, b]], vec![]])),
            ("GEOMETRYCOLLECTION(POINT(1 2),POINT(3 4.5))", Shape::Points(vec![a, b])),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
            assert!(looks_like(text), "{text}");
        }
    }

    #[test]
    fn faults_say_what_and_where() {
        for (text, expected) in [
            ("POINT(1)", "1 numbers"),
            ("POINT(1 x)", "'x' is no number"),
            ("POINT(1 2", "')' is missing"),
            ("POINT(1 2) 3", "after the geometry"),
            ("CIRCULARSTRING(0 0,1 1,2 0)", "circular arcs"),
            ("HOUSE(1 2)", "no geometry type"),
            ("12 Main St", "begins with its type"),
            ("POINT Q (1 2)", "neither Z, M"),
        ] {
            assert!(parse(text).unwrap_err().contains(expected), "{text}: {:?}", parse(text));
        }
        assert!(parse(&"GEOMETRYCOLLECTION(".repeat(1000)).unwrap_err().contains("nested deeper"));
        assert!(!looks_like("Pointe-à-Pitre") && !looks_like("") && !looks_like("路"));
    }
}
