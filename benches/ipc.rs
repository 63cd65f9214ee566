//! What it costs to hand a token from the engine to the front, and to ask something.
//!
//! `cargo bench --bench ipc`; needs no model.

use std::hint::black_box;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;
use std::time::Instant;

use edgewise::chat::TokenEvent;
use edgewise::ipc;
use edgewise::ipc::Decoder;
use edgewise::ipc::ToEngine;
use edgewise::ipc::ToFront;

const FRAMES: u32 = 200_000;
const ROUND_TRIPS: usize = 20_000;

fn main() {
    let token = ToFront::Turn { turn: 7, event: TokenEvent::Delta(" river".to_owned()) };
    say(&format!("token frame: {} bytes", frame(&token).len()));
    say(&format!("token frame: {:.0} ns to encode and decode", codec(&token)));
    let mut times = round_trips(&token);
    times.sort();
    let us = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1e6;
    say(&format!("round trip over the socket: {:.1} us, p99 {:.1} us", us(50), us(99)));
}

fn frame(value: &ToFront) -> Vec<u8> {
    ipc::encode(value).expect("a frame")
}

/// Returns nanoseconds for one frame, there and back, without a socket.
fn codec(token: &ToFront) -> f64 {
    let mut decoder = Decoder::default();
    let begun = now();
    for _ in 0..FRAMES {
        decoder.push(&frame(black_box(token)));
        black_box(decoder.take::<ToFront>().expect("a frame"));
    }
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(FRAMES)
}

/// Asks and is answered with a token's frame, as often as it takes.
fn round_trips(answer: &ToFront) -> Vec<Duration> {
    let (mut front, mut engine) = UnixStream::pair().expect("a socket");
    let answer = frame(answer);
    let answering = std::thread::spawn(move || {
        let mut decoder = Decoder::default();
        while next::<ToEngine>(&mut engine, &mut decoder).is_some() {
            engine.write_all(&answer).expect("the front listens");
        }
    });
    let question = ipc::encode(&ToEngine::Cancel { turn: 7 }).expect("a frame");
    let mut decoder = Decoder::default();
    let times = (0..ROUND_TRIPS)
        .map(|_| {
            let begun = now();
            front.write_all(&question).expect("the engine listens");
            black_box(next::<ToFront>(&mut front, &mut decoder).expect("an answer"));
            begun.elapsed()
        })
        .collect();
    drop(front);
    answering.join().expect("no panic");
    times
}

fn next<T: serde::de::DeserializeOwned>(
    socket: &mut UnixStream,
    decoder: &mut Decoder,
) -> Option<T> {
    let mut bytes = [0; 4096];
    loop {
        if let Some(value) = decoder.take().expect("frames") {
            return Some(value);
        }
        let read = socket.read(&mut bytes).expect("a socket");
        if read == 0 {
            return None;
        }
        decoder.push(&bytes[..read]);
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn say(line: &str) {
    println!("{line}");
}
