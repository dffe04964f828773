//! Rows by the thousand into one table.
//!
//! `rusqlite` copies every text and blob that is bound and runs a statement for each row; of an import that was most of the time.
//! Here a statement takes several rows, and values are read where they lie. Such an insert stops at the first row that cannot be
//! (`OR FAIL`) and needs no journal of its own: whoever fills a table rolls back all of it then.

use rusqlite::{Connection, Error, Result, ffi};
use std::ffi::{CStr, CString, c_int};
use std::marker::PhantomData;

/// Rows of one statement.
const TOGETHER: usize = 24;

/// A value on its way into a row.
#[derive(Clone, Copy)]
pub enum Cell<'v> {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(&'v str),
    /// Bytes.
    Blob(&'v [u8]),
}

impl<'v> From<Option<&'v str>> for Cell<'v> {
    fn from(text: Option<&'v str>) -> Self {
        text.map_or(Cell::Null, Cell::Text)
    }
}

impl From<Option<f64>> for Cell<'_> {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Cell::Null, Cell::Real)
    }
}

/// Row numbers that come rising, each greater than all in the table. Of one that is next to the last SQLite is told nothing: it finds
/// the end of a table sooner than a number.
#[derive(Default)]
pub struct Run(Option<i64>);

impl Run {
    /// The value for a row of that number.
    pub fn next<'v>(&mut self, number: i64) -> Cell<'v> {
        let follows = self.0.is_some_and(|last| last.checked_add(1) == Some(number));
        self.0 = Some(number);
        if follows { Cell::Null } else { Cell::Int(number) }
    }
}

/// A prepared statement; finalised when it goes.
struct Prepared {
    db: *mut ffi::sqlite3,
    statement: *mut ffi::sqlite3_stmt,
    /// What each place holds: SQLite keeps it from one run to the next, so what is the same again need not be bound.
    held: Vec<Held>,
}

/// What a place of a statement holds.
#[derive(Clone, Copy, PartialEq)]
enum Held {
    Null,
    Int(i64),
    /// What may lie elsewhere the next time.
    Other,
}

impl Prepared {
    /// # Safety
    /// The connection must outlive the statement.
    unsafe fn new(conn: &Connection, sql: &str) -> Result<Self> {
        let sql = CString::new(sql)?;
        let mut statement = std::ptr::null_mut();
        // SAFETY: the handle is that of a live connection; the text ends with a zero byte; the place for the statement is ours.
        let (db, code) = unsafe {
            let db = conn.handle();
            (db, ffi::sqlite3_prepare_v2(db, sql.as_ptr(), -1, &mut statement, std::ptr::null_mut()))
        };
        // Nothing is bound to a new statement.
        let prepared = Self { db, statement, held: Vec::new() };
        prepared.check(code, ffi::SQLITE_OK)?;
        Ok(prepared)
    }

    #[inline]
    fn check(&self, code: c_int, good: c_int) -> Result<()> {
        if code == good { Ok(()) } else { self.failure(code) }
    }

    #[cold]
    fn failure(&self, code: c_int) -> Result<()> {
        // SAFETY: the connection is alive; its message is a text with a zero byte that is copied at once.
        let message = unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(self.db)) }.to_string_lossy().into_owned();
        Err(Error::SqliteFailure(ffi::Error::new(code), Some(message)))
    }

    /// # Safety
    /// Texts and bytes must stay until the statement was run.
    unsafe fn bind(&mut self, place: usize, cell: Cell<'_>) -> Result<()> {
        if self.held.len() <= place {
            self.held.resize(place + 1, Held::Null);
        }
        let holds = match cell {
            Cell::Null => Held::Null,
            Cell::Int(value) => Held::Int(value),
            _ => Held::Other,
        };
        if let Some(held) = self.held.get_mut(place) {
            if holds != Held::Other && *held == holds {
                return Ok(());
            }
            *held = holds;
        }
        let column = place as c_int + 1;
        // SAFETY: the statement is alive; what is bound stays (the caller's word), so SQLite need not copy it (a null destructor
        // says that); SQLite checks the column.
        let code = unsafe {
            match cell {
                Cell::Null => ffi::sqlite3_bind_null(self.statement, column),
                Cell::Int(value) => ffi::sqlite3_bind_int64(self.statement, column, value),
                Cell::Real(value) => ffi::sqlite3_bind_double(self.statement, column, value),
                Cell::Text(text) => {
                    ffi::sqlite3_bind_text64(self.statement, column, text.as_ptr().cast(), text.len() as u64, None, ffi::SQLITE_UTF8 as u8)
                }
                // An empty slice's pointer may be dangling; SQLite reads nothing there.
                Cell::Blob(bytes) => ffi::sqlite3_bind_blob64(self.statement, column, bytes.as_ptr().cast(), bytes.len() as u64, None),
            }
        };
        self.check(code, ffi::SQLITE_OK)
    }

    fn run(&self) -> Result<()> {
        // SAFETY: the statement is alive. Resetting gives the step's error again.
        let (code, _) = unsafe { (ffi::sqlite3_step(self.statement), ffi::sqlite3_reset(self.statement)) };
        self.check(code, ffi::SQLITE_DONE)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // SAFETY: it is ours and goes once; null is harmless.
        unsafe { ffi::sqlite3_finalize(self.statement) };
    }
}

/// Puts rows into a table, in the order they come.
pub struct Rows<'c, 'v> {
    one: Prepared,
    several: Option<Prepared>,
    begin: String,
    columns: usize,
    waiting: Vec<Cell<'v>>,
    conn: &'c Connection,
    values: PhantomData<&'v ()>,
}

impl<'c, 'v> Rows<'c, 'v> {
    /// Into the columns of a table, both as SQL names them.
    pub fn into(conn: &'c Connection, table: &str, columns: &str) -> Result<Self> {
        let count = columns.split(',').count();
        let begin = format!("INSERT OR FAIL INTO {table} ({columns}) VALUES ");
        // SAFETY: the connection is borrowed for as long as this value lives.
        let one = unsafe { Prepared::new(conn, &(begin.clone() + &places(count, 1)))? };
        Ok(Self { one, several: None, begin, columns: count, waiting: Vec::with_capacity(count * TOGETHER), conn, values: PhantomData })
    }

    /// Adds a row of as many values as there are columns. It is written with those after it, or by [`Rows::end`].
    pub fn add(&mut self, row: &[Cell<'v>]) -> Result<()> {
        if row.len() != self.columns {
            return Err(Error::InvalidParameterCount(row.len(), self.columns));
        }
        self.waiting.extend_from_slice(row);
        if self.waiting.len() < self.columns * TOGETHER {
            return Ok(());
        }
        if self.several.is_none() {
            // SAFETY: as above.
            self.several = Some(unsafe { Prepared::new(self.conn, &(self.begin.clone() + &places(self.columns, TOGETHER)))? });
        }
        if let Some(several) = &mut self.several {
            put(several, &self.waiting)?;
        }
        self.waiting.clear();
        Ok(())
    }

    /// Writes what still waits.
    pub fn end(mut self) -> Result<()> {
        self.waiting.chunks(self.columns).try_for_each(|row| put(&mut self.one, row))
    }
}

fn put(statement: &mut Prepared, cells: &[Cell<'_>]) -> Result<()> {
    for (n, cell) in cells.iter().enumerate() {
        // SAFETY: the cells are borrowed until the statement was run, and every one of its places is bound anew before each run (but for
        // what lies nowhere).
        unsafe { statement.bind(n, *cell)? };
    }
    statement.run()
}

/// `(?,?),(?,?)`
fn places(columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row; rows].join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_rows_and_every_kind_of_value() {
        for count in [0, 1, TOGETHER, TOGETHER + 1, 3 * TOGETHER + 5] {
            let conn = Connection::open_in_memory().unwrap();
            conn.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, text TEXT UNIQUE, bytes BLOB, real REAL)").unwrap();
            let texts: Vec<String> = (0..count).map(|n| format!("路 {n}")).collect();
            let mut rows = Rows::into(&conn, "t", "n, text, bytes, real").unwrap();
            for (n, text) in texts.iter().enumerate() {
                let real = if n % 2 == 0 { Cell::Null } else { Cell::Real(n as f64 + 0.5) };
                rows.add(&[Cell::Int(n as i64 + 1), Cell::Text(text), Cell::Blob(&text.as_bytes()[..n % 3]), real]).unwrap();
            }
            rows.end().unwrap();
            let got: Vec<(i64, String, Vec<u8>, Option<f64>)> = conn.prepare("SELECT * FROM t").unwrap()
                .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))).unwrap().map(Result::unwrap).collect();
            let expected: Vec<_> = texts.iter().enumerate()
                .map(|(n, t)| (n as i64 + 1, t.clone(), t.as_bytes()[..n % 3].to_vec(), (n % 2 == 1).then_some(n as f64 + 0.5))).collect();
            assert_eq!(got, expected);
        }
    }

    #[test]
    fn a_run_has_the_numbers_it_was_given() {
        for table in ["n INTEGER PRIMARY KEY", "n INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"] {
            let conn = Connection::open_in_memory().unwrap();
            conn.execute_batch(&format!("CREATE TABLE t ({table}, v INTEGER)")).unwrap();
            let numbers: Vec<i64> = (7..40).chain(50..51).chain(60..150).chain([i64::MAX]).collect();
            let (mut run, mut rows) = (Run::default(), Rows::into(&conn, "t", "n, v").unwrap());
            numbers.iter().for_each(|n| rows.add(&[run.next(*n), Cell::Int(*n)]).unwrap());
            rows.end().unwrap();
            let got: Vec<(i64, i64)> = conn.prepare("SELECT n, v FROM t").unwrap().query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect();
            assert_eq!(got, numbers.iter().map(|n| (*n, *n)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_cannot_be_is_told() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE t (a TEXT NOT NULL UNIQUE)").unwrap();
        assert!(Rows::into(&conn, "missing", "a").is_err());
        let mut rows = Rows::into(&conn, "t", "a").unwrap();
        assert!(rows.add(&[Cell::Null, Cell::Null]).is_err());
        rows.add(&[Cell::Text("x")]).unwrap();
        rows.add(&[Cell::Text("x")]).unwrap();
        assert!(rows.end().unwrap_err().to_string().contains("UNIQUE"));
    }
}
