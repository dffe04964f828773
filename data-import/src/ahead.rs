//! Reading ahead: an importer works in a thread of its own while the sink takes what it gave before. What comes, and in which order,
//! is the same as without.

use crate::ImportError;
use qike_core::{Crs, Diagnostic};
use qike_scene::{Attributes, CityObject, Image, ObjectSink, Series, SinkError, SourceId, SourceInfo};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// What is handed on at once, in vertices and objects, and how many such batches may wait.
const BATCH: usize = 16_384;
const OBJECT: usize = 64;
const AHEAD: usize = 3;

/// What an importer gives to a sink.
enum Event {
    Source(SourceInfo, SyncSender<Result<SourceId, SinkError>>),
    Object(Box<CityObject>),
    Series(Series),
    Image(Image),
    About(Attributes),
    Diagnostic(Diagnostic),
}

/// Has `work` done in another thread, where there are several; its objects come to `sink` in this one.
pub fn ahead(sink: &mut dyn ObjectSink, work: impl FnOnce(&mut dyn ObjectSink) -> Result<(), ImportError> + Send) -> Result<(), ImportError> {
    if rayon::current_num_threads() < 2 {
        return work(sink);
    }
    let crs = sink.crs().clone();
    std::thread::scope(|scope| {
        let (to, from) = sync_channel(AHEAD);
        let worker = scope.spawn(move || {
            let mut ahead = Ahead { crs, to, batch: Vec::new(), weight: 0 };
            let done = work(&mut ahead);
            ahead.hand_on().map_err(ImportError::from).and(done)
        });
        // Where the sink takes no more, the channel closes, and the worker ends at its next batch.
        pass_on(from, sink)?;
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn pass_on(from: Receiver<Vec<Event>>, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
    for event in from.into_iter().flatten() {
        match event {
            Event::Source(info, reply) => {
                // Who asked waits for the answer, whatever it is.
                let _ = reply.send(sink.source(info));
            }
            Event::Object(object) => sink.object(*object)?,
            Event::Series(series) => sink.series(series)?,
            Event::Image(image) => sink.image(image)?,
            Event::About(about) => sink.about(about)?,
            Event::Diagnostic(diagnostic) => sink.diagnostic(diagnostic),
        }
    }
    Ok(())
}

/// The worker's end.
struct Ahead {
    crs: Crs,
    to: SyncSender<Vec<Event>>,
    batch: Vec<Event>,
    weight: usize,
}

impl Ahead {
    fn add(&mut self, event: Event, weight: usize) -> Result<(), SinkError> {
        self.batch.push(event);
        self.weight += weight;
        if self.weight < BATCH { Ok(()) } else { self.hand_on() }
    }

    fn hand_on(&mut self) -> Result<(), SinkError> {
        self.weight = 0;
        // The other end says why it takes no more; nobody hears this.
        self.to.send(std::mem::take(&mut self.batch)).map_err(|_| SinkError::Store("the import has ended".to_owned()))
    }
}

impl ObjectSink for Ahead {
    fn crs(&self) -> &Crs {
        &self.crs
    }

    fn source(&mut self, info: SourceInfo) -> Result<SourceId, SinkError> {
        let (reply, answer) = sync_channel(1);
        self.batch.push(Event::Source(info, reply));
        self.hand_on()?;
        answer.recv().unwrap_or_else(|_| Err(SinkError::Store("the import has ended".to_owned())))
    }

    fn object(&mut self, object: CityObject) -> Result<(), SinkError> {
        let weight = OBJECT + object.geometries.iter().map(|g| g.vertices.len()).sum::<usize>();
        self.add(Event::Object(Box::new(object)), weight)
    }

    fn series(&mut self, series: Series) -> Result<(), SinkError> {
        let weight = OBJECT + series.values.len();
        self.add(Event::Series(series), weight)
    }

    fn image(&mut self, image: Image) -> Result<(), SinkError> {
        // A picture is large enough to go on its own.
        self.add(Event::Image(image), BATCH)
    }

    fn about(&mut self, about: Attributes) -> Result<(), SinkError> {
        // It may be of some size, and comes once.
        self.add(Event::About(about), BATCH)
    }

    fn diagnostic(&mut self, diagnostic: Diagnostic) {
        // One more or less does not count, and a finding cannot be refused: it goes with what comes next.
        self.batch.push(Event::Diagnostic(diagnostic));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::sink::MemorySink;
    use qike_scene::{Class, Geometry, Lod};

    fn info() -> SourceInfo {
        SourceInfo { path: "a".into(), format: "b".into(), content_hash: "c".into(), crs: "d".into(), about: Attributes::new() }
    }

    fn give(sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
        let source = sink.source(info())?;
        sink.about(Attributes::from_iter([("metadata".to_owned(), "said".into())]))?;
        for n in 0..2000 {
            let mut object = CityObject::new(format!("{n}"), Class::Building, source);
            object.geometries.push(Geometry::point(Lod::ZERO, [f64::from(n); 3]));
            sink.object(object)?;
            if n % 100 == 0 {
                sink.diagnostic(Diagnostic::warning("w", format!("{n}")));
            }
        }
        Ok(())
    }

    /// A sink that takes so many objects.
    struct Full(MemorySink, usize);

    impl ObjectSink for Full {
        fn crs(&self) -> &Crs {
            self.0.crs()
        }
        fn source(&mut self, info: SourceInfo) -> Result<SourceId, SinkError> {
            self.0.source(info)
        }
        fn object(&mut self, object: CityObject) -> Result<(), SinkError> {
            self.1 = self.1.checked_sub(1).ok_or_else(|| SinkError::Store("full".into()))?;
            self.0.object(object)
        }
        fn series(&mut self, series: Series) -> Result<(), SinkError> {
            self.0.series(series)
        }
        fn image(&mut self, image: Image) -> Result<(), SinkError> {
            self.0.image(image)
        }
        fn about(&mut self, about: Attributes) -> Result<(), SinkError> {
            self.0.about(about)
        }
        fn diagnostic(&mut self, diagnostic: Diagnostic) {
            self.0.diagnostic(diagnostic);
        }
    }

    #[test]
    fn what_comes_is_the_same_for_any_number_of_threads() {
        let mut all = Vec::new();
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut sink = MemorySink::new(Crs::local());
            pool.install(|| ahead(&mut sink, give)).unwrap();
            all.push((sink.objects, sink.diagnostics.iter().map(|d| d.message.clone()).collect::<Vec<_>>(), sink.sources));
        }
        assert_eq!((all[0].0.len(), all[0].1.len()), (2000, 20));
        assert!(all[0] == all[1]);
        assert_eq!(all[1].2[0].about["metadata"], "said");
    }

    #[test]
    fn a_sink_that_takes_no_more_ends_it_and_so_does_an_error() {
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut full = Full(MemorySink::new(Crs::local()), 700);
            let error = pool.install(|| ahead(&mut full, give)).unwrap_err();
            assert!(error.to_string().contains("full"), "{error}");
            assert_eq!(full.0.objects.len(), 700);
            let mut sink = MemorySink::new(Crs::local());
            let broken = |sink: &mut dyn ObjectSink| give(sink).and(Err(ImportError::corrupt("f", "line 1", "broken")));
            let error = pool.install(|| ahead(&mut sink, broken)).unwrap_err();
            assert!(error.to_string().contains("broken"), "{error}");
            assert_eq!(sink.objects.len(), 2000, "what came before the error is there");
        }
    }
}
