//! The command line from outside: the real binary, the real model, exit codes, streams, processes.

#[path = "../support/mod.rs"]
mod support;
#[path = "../support/tiny.rs"]
mod tiny;

mod answers;
mod audit;
mod codes;
mod doctor;
mod endings;
mod endpoints;
mod events;
mod files;
mod home;
mod hub;
mod map;
mod models;
mod processes;
mod profiles;
mod pull;
mod quantize;
mod readme;
mod running;
mod saved;
mod schema;
mod settings;
mod stdin;
mod stock;
mod words;
