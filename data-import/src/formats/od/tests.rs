//! Tests of matrices in all their forms.

use super::*;

fn zones() -> Vec<Zone> {
    let zone = |id: &str, edges: &[(u32, f64)]| Zone { id: id.into(), sources: edges.to_vec(), sinks: edges.to_vec() };
    vec![zone("1", &[(0, 1.0)]), zone("2", &[(1, 1.0)]), zone("bare", &[]), zone("nought", &[(1, 0.0)])]
}

fn parse(text: &str) -> Result<(OdMatrix, Vec<Diagnostic>), ImportError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let mut matrix = OdMatrix::default();
    let findings = read(file.path(), &zones(), &mut matrix, &Feedback::silent())?;
    Ok((matrix, findings))
}

fn cells(text: &str) -> Vec<(u32, u32, i64, i64, f64, Option<String>)> {
    let (matrix, findings) = parse(text).unwrap();
    assert_eq!(findings, [], "{text}");
    matrix.cells.iter().map(|c| (c.from, c.to, c.begin_ms / 1000, c.end_ms / 1000, c.count, c.kind.map(|k| matrix.kinds[k as usize].clone()))).collect()
}

#[test]
fn one_matrix_in_all_forms() {
    let day = [(0, 1, 0, 86_400, 2.5, None), (1, 0, 0, 86_400, 4.0, None)];
    assert_eq!(cells("$V;D2\n* from to\n0.00 24.00\n* factor\n0.5\n*\n2\n1\n 2\n* row\n0 5\n8\n0\n"), day);
    assert_eq!(cells("$O\n0.00 24.00\n2\n1 2 1.25\n2 1 2 1 1 0\n"), day);
    assert_eq!(cells("from,to,count\n1,2,2.5\n2,1,4\n1,1,0\n"), day);
    let van = |begin, end| [(0, 1, begin, end, 3.0, Some("van".to_owned()))];
    assert_eq!(cells("$VMR;D2\nvan\n7.30 8.00\n1\n2\n1 2\n0 3\n0 0\n"), van(27_000, 28_800));
    assert_eq!(cells("$OMR\n van \n7.00 8.00\n1\n1 2 3\n"), van(25_200, 28_800));
    assert_eq!(cells("Origin;Destination;Hour;Trips;Type\n1;2;7;3;van\n"), van(25_200, 28_800));
    assert_eq!(cells("from,to,begin,end,count,kind\n1,2,7:00:00,8:00:00,3,van\n"), van(25_200, 28_800));
    assert_eq!(cells("<data><interval id=\"van\" begin=\"25200\" end=\"8:00:00\"><tazRelation from=\"1\" to=\"2\" count=\"3\"/></interval></data>"), van(25_200, 28_800));
    assert_eq!(cells("<demand><actorConfig id=\"van\"><timeSlice startTime=\"25200000\" duration=\"3600000\"><odPair origin=\"1\" destination=\"2\" amount=\"3\"/></timeSlice></actorConfig></demand>"), van(25_200, 28_800));
}

#[test]
fn faults_have_their_lines() {
    let told = |text: &str| parse(text).unwrap().1.iter().map(|f| (f.code.to_string(), f.place.line)).collect::<Vec<_>>();
    let s = |code: &str, line: u64| (code.to_owned(), Some(line));
    assert_eq!(told("from,to,hour,count\n1,9,0,5\n1,2,24,5\n1,2,-1,5\n1,2,3,nan\n1,2,3,-4\n1,bare,3,1\nnought,1,3,1\n1,2\n1,2,3,1\n"), [
        s("unknown-zone", 2), s("bad-time", 3), s("bad-count", 5), s("bad-count", 6), s("zone-without-edges", 7), s("zone-without-edges", 8), s("bad-row", 9), ("trips-lost".into(), None)
    ].into_iter().fold(Vec::new(), |mut all: Vec<(String, Option<u64>)>, one| {
        // The second of a kind is counted with the first.
        if !all.iter().any(|a| a.0 == one.0 && one.0 == "bad-count") {
            all.push(one);
        }
        all
    }));
    assert_eq!(told("from,to,begin,end,count\n1,2,0,1e9,3\n"), [s("bad-time", 2)]);
    assert_eq!(told("$V\n0.00 1.00\n1\n2\n1 2\n0 3\n4\n"), [s("file-cut-off", 7)]);
    assert_eq!(told("$O\n0.00 1.00\n1\n1 2 3\n1 2"), [s("file-cut-off", 5)]);
    assert_eq!(told("<data>\n<interval begin=\"5\" end=\"5\"/>\n<interval begin=\"0\" end=\"9\">\n<tazRelation from=\"1\" count=\"3\"/>\n<tazRelation from=\"1\" to=\"2\" count=\"x\"/>"), [s("bad-time", 2), s("bad-pair", 4), s("bad-count", 5), s("file-cut-off", 5)]);
}

#[test]
fn what_is_no_matrix_is_refused_with_the_line() {
    for (text, line) in [
        ("$E;D2\n", "line 1"), ("$VN\n", "line 1"), ("$V\n", "line 1"), ("$V\n7.00 25.00\n1\n", "line 2"), ("$V\n8.00 7.00\n1\n", "line 2"), ("$V\n7.00 8.00\nnan\n", "line 3"), ("$V\n7.00 8.00\n1\nmany\n", "line 4"),
        ("$V\n7.00 8.00\n1\n99999999999\n", "line 4"), ("$V\n7.00 8.00\n1\n3\n1 2\n", "line 5"), ("a,b\n1,2\n", "line 1"), ("<net/>", "line 1"), ("<data", "line 1"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(line), "{text}: {error}");
    }
    assert!(parse("").is_err());
}

#[test]
fn profiles_are_24_shares() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let read = |text: &str| {
        std::fs::write(file.path(), text).unwrap();
        read_profile(file.path())
    };
    let good = (0..24).map(|h| h.to_string()).collect::<Vec<_>>();
    assert_eq!(read(&good.join(", ")).unwrap()[23], 23.0);
    assert_eq!(read(&format!("# workday\n{}\n", good.join("\n"))).unwrap()[1], 1.0);
    for text in ["", "1,2,3", &good.join(",").replace("5", "-5"), &good.join(",").replace("7", "nan"), &["0"; 24].join(",")] {
        assert!(read(text).is_err(), "{text}");
    }
}
