//! Tests of networks and trips in the format.

use super::*;

const NET: &str = "<NUMBER OF ZONES> 2\n<NUMBER OF NODES> 3\n<FIRST THRU NODE> 3\n<NUMBER OF LINKS> 3\n<ORIGINAL HEADER>~ \tInit node \n<END OF METADATA>\n\n\n~ \tInit\tTerm\tCapacity ;\n\t1\t3\t100.5\t2\t3\t0.15\t4\t0\t10\t1\t;\n3 2 10 1 1 0 0 0 0 1;\n1 2 5 1 9 1 1 0 0 1 ;\n";

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn a_network_and_its_trips() {
    let (network, findings) = read_network(file(NET).path(), &Factors { toll: 0.5, distance: 2.0 }).unwrap();
    assert_eq!(findings, []);
    assert_eq!((network.nodes, network.zones, network.first_through, network.links.len()), (3, 2, 2, 3));
    let l = network.links[0];
    // Half of the toll of 10, twice the length of 2.
    assert_eq!((l.from, l.to, l.capacity, l.free, l.b, l.power, l.fixed, l.length), (0, 2, 100.5, 3.0, 0.15, 4.0, 9.0, 2.0));
    let trips = "<NUMBER OF ZONES> 2\n<TOTAL OD FLOW> 6\n<END OF METADATA>\nOrigin \t2\n 1 : 1.5; 2:0.0 ;\nOrigin 1\n  2 : 4; \n 2 : 0.5;\n";
    let (table, findings) = read_trips(file(trips).path(), &network).unwrap();
    assert_eq!(findings, []);
    assert_eq!(table.trips, [(0, 1, 4.5), (1, 0, 1.5)]);
}

#[test]
fn faults_have_their_lines() {
    let broken = NET.replace("3 2 10 1 1 0 0 0 0 1;", "3 7 10 1 1 0 0 0 0 1;\n3 2 0 1 1 1 0 0 0 1;\n3 2 1 nan 1 1 0;");
    let (network, findings) = read_network(file(&broken).path(), &Factors::default()).unwrap();
    assert_eq!(network.links.len(), 2);
    assert_eq!(findings.iter().map(|f| (&*f.code, f.place.line)).collect::<Vec<_>>(), [("unknown-node", Some(11)), ("bad-link", Some(12)), ("bad-link", Some(13)), ("file-cut-off", Some(14))]);
    let trips = "<END OF METADATA>\nOrigin 9\n1:5;\nOrigin 1\n2:x; 5:1; 2 ; 2:-1; 2 : 3;\n";
    let (table, findings) = read_trips(file(trips).path(), &network).unwrap();
    assert_eq!(table.trips, [(0, 1, 3.0)]);
    assert_eq!(findings.iter().map(|f| f.place.line).collect::<Vec<_>>(), [Some(2), Some(5), Some(5), Some(5), Some(5)]);
    let cut = "<TOTAL OD FLOW> 100\n<END OF METADATA>\nOrigin 1\n2: 3";
    assert_eq!(read_trips(file(cut).path(), &network).unwrap().1[0].code, "other-total");
}

#[test]
fn other_files_are_refused() {
    for text in ["", "<xml>", "hello", "<NUMBER OF ZONES> 2\n<NUMBER OF NODES> 1\n<END OF METADATA>", "<NUMBER OF ZONES> 99999999999999\n<END OF METADATA>\n", "<END OF METADATA>\n"] {
        assert!(read_network(file(text).path(), &Factors::default()).is_err(), "{text}");
    }
    let (network, _) = read_network(file(NET).path(), &Factors::default()).unwrap();
    for text in ["", "\0\0\0", "<END OF METADATA>\n1:2;"] {
        assert!(read_trips(file(text).path(), &network).is_err(), "{text}");
    }
}
