//! The subcommands: each has its arguments (`Args`) and what it does (`run`).

pub mod assign;
pub mod compare;
pub mod demand;
pub mod diff;
#[path = "export.rs"]
pub mod export_cmd;
pub mod find;
pub mod history;
pub mod import;
pub mod info;
pub mod network;
pub mod remove;
pub mod routes;
pub mod replay;
pub mod run;
pub mod sample;
pub mod sweep;
pub mod validate;
pub mod view;
