//! One endpoint: its site, and one attempt at an answer.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::again::Again;
use super::key::key;
use super::key::may_have_key;
use super::tally::Tally;
use super::trouble::Trouble;
use super::trouble::named;
use super::wire;
use super::wire::Ask;
use super::wire::Reader;
use super::wire::Step;
use super::wire::What;
use crate::backend::Meter;
use crate::backend::TokenSink;
use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Generation;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::config::Endpoint;
use crate::net::Address;
use crate::net::Limits;
use crate::net::Net;
use crate::net::NetError;
use crate::net::Reply;
use crate::net::Request;
use crate::net::Site;
use crate::net::Transport;
use crate::route::stalls_after;
use crate::text::StopScan;

/// How much of an error page is read.
const PAGE_MAX: usize = 64 * 1024;

/// The most bytes of one answer's stream; the reader's own limit comes first.
const STREAM_MAX: u64 = 65 * 1024 * 1024;

/// So long an endpoint counts as one without a key after its command or keyring gave none: they may be
/// slow to fail, and a turn that has another way does not wait for them each time.
const KEYLESS_FOR: Duration = Duration::from_mins(1);

/// Hosts that refuse what others add to their protocol.
const STRICT: [&str; 2] = ["api.openai.com", "api.anthropic.com"];

/// How long is waited, counted on what the model does: a stream that only keeps itself alive has
/// fallen silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// From the request to the first token.
    pub first_token: Duration,
    /// From one token to the next.
    pub progress: Duration,
}

impl Patience {
    /// Returns what an endpoint is given. A server on this device may evaluate a long prompt on
    /// slow hardware, and says nothing until it has.
    fn of(address: &Address) -> Self {
        let first = if address.origin().is_loopback() { 300 } else { 120 };
        Self {
            connect: Duration::from_secs(10),
            first_token: Duration::from_secs(first),
            progress: Duration::from_mins(1),
        }
    }
}

/// An endpoint of the user's configuration, spoken to over the network.
#[derive(Debug)]
pub struct Remote {
    endpoint: Endpoint,
    net: Net,
    home: Option<PathBuf>,
    patience: Option<Patience>,
    /// Made for the first turn, and again after a key was not accepted.
    site: Mutex<Option<Arc<Site>>>,
    /// When its key was asked for last and not given.
    keyless: std::sync::Mutex<Option<Instant>>,
}

impl Remote {
    /// Makes the endpoint's client; reads nothing, opens nothing. `home` is what `~` stands for.
    pub fn new(endpoint: Endpoint, net: Net, home: Option<PathBuf>) -> Self {
        let (site, keyless) = (Mutex::new(None), std::sync::Mutex::new(None));
        Self { endpoint, net, home, patience: None, site, keyless }
    }

    /// Sets how long is waited.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Returns the endpoint's settings.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Asks which models are served: a question without any content.
    ///
    /// # Errors
    /// The endpoint cannot be reached, refuses, or gives no such list.
    ///
    /// # Cancel safety
    /// Dropping it closes the connection.
    pub async fn models(&self, within: Duration) -> Result<Vec<String>, Fault> {
        let name = &self.endpoint.name;
        let late = || {
            let what = format!("no list of models within {} s", within.as_secs().max(1));
            Err(Trouble::last(name, what))
        };
        let listed = tokio::time::timeout(within, self.list()).await.unwrap_or_else(|_| late());
        listed.map_err(|trouble| trouble.fault)
    }

    /// Asks, without any content, whether somebody is there; `meter` counts it. A reply that is no failure of the server
    /// is enough: not every one lists its models, and what it refuses the turn itself will show.
    ///
    /// # Errors
    /// Nobody is, or not in time.
    ///
    /// # Cancel safety
    /// Dropping it closes the connection.
    pub(super) async fn answers(&self, within: Duration, meter: &Meter) -> Result<(), Fault> {
        match tokio::time::timeout(within, self.send(What::Models, None, meter)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(trouble)) if trouble.kind == super::trouble::Kind::Final => Ok(()),
            Ok(Err(trouble)) => Err(trouble.fault),
            Err(_) => {
                let what = format!("nothing was heard of it for {} s", within.as_secs().max(1));
                Err(named(&self.endpoint.name, Fault::new(what)))
            }
        }
    }

    async fn list(&self) -> Result<Vec<String>, Trouble> {
        let name = &self.endpoint.name;
        let (reply, site) = self.send(What::Models, None, &Meter::default()).await?;
        let body = reply.whole().await.map_err(|error| Trouble::net(name, error))?;
        drop(site);
        let models = wire::models(self.endpoint.protocol, &body);
        models.map_err(|error| Trouble::wire(name, &error))
    }

    /// Tries to answer once. What came is in `tally`, whatever becomes of it. The first token has to
    /// come within the time that is given with the decision, if somebody else can be asked then.
    ///
    /// Returns why the answer ended; from the first token on every failure is `Interrupted`.
    ///
    /// # Errors
    /// Nothing of an answer came.
    ///
    /// # Cancel safety
    /// Dropping it closes the connection; events that were emitted stay.
    pub(super) async fn attempt(
        &self,
        generation: &Generation,
        (decision, within): (&Decision, Option<Duration>),
        sink: &mut TokenSink,
        tally: &mut Tally,
    ) -> Result<StopReason, Trouble> {
        let name = &self.endpoint.name;
        let protocol = self.endpoint.protocol;
        let begun = Instant::now();
        tally.begin(begun);
        let body = self.body(generation)?;
        let mut patience = self.patience();
        let mut limit = within.filter(|within| *within < patience.first_token);
        patience.first_token = limit.unwrap_or(patience.first_token);
        let mut until = begun + patience.first_token;
        let meter = sink.meter();
        let sent = self.send(What::Chat, Some(body), &meter);
        let sent = match limit {
            None => sent.await,
            Some(limit) => match tokio::time::timeout_at(until, sent).await {
                Ok(sent) => sent,
                Err(_) => Err(passed_over(name, limit)),
            },
        };
        let (mut reply, _site) = sent.map_err(|trouble| trouble.about(&generation.constraint))?;
        if let Some(kind) = reply.header("content-type")
            && !wire::is_stream(protocol, kind)
        {
            let kind = wire::said(kind);
            return Err(Trouble::last(name, format!("it answers with {kind}, not with a stream")));
        }
        let again = Again::behind(generation, protocol);
        let reader = Reader::new(protocol);
        let stops = StopScan::behind(stops_to_look_for(generation), &generation.begun());
        let mut talk = Talk { name, decision, sink, tally, reader, stop: None, again, stops };
        loop {
            let read = tokio::time::timeout_at(until, reply.chunk()).await;
            let before = talk.tally.progress();
            let ended = match read {
                Err(_) => Err(match limit.filter(|_| !talk.tally.has_text()) {
                    Some(limit) => passed_over(name, limit),
                    None => talk.silent(patience),
                }),
                Ok(Err(error)) => Err(Trouble::net(name, error)),
                Ok(Ok(None)) => talk.end().await,
                Ok(Ok(Some(piece))) => talk.piece(&piece).await,
            };
            match ended {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(reason)) => {
                    talk.say_rest().await;
                    return Ok(reason);
                }
                Err(trouble) if talk.tally.has_text() => {
                    talk.say_rest().await;
                    return Ok(StopReason::Interrupted(trouble.fault));
                }
                Err(trouble) => return Err(trouble),
            }
            if talk.tally.progress() > before {
                limit = None;
                until = Instant::now() + talk.patience(patience);
            }
        }
    }

    fn body(&self, generation: &Generation) -> Result<Vec<u8>, Trouble> {
        let mut generation = generation.clone();
        if let Some(most) = self.endpoint.n_ctx {
            generation.limits.n_ctx = most;
        }
        let strict = self.is_strict();
        let model = self.endpoint.model.as_deref();
        let ask = Ask { generation: &generation, model, strict };
        wire::body(self.endpoint.protocol, ask).map_err(|fault| Trouble {
            fault: named(&self.endpoint.name, fault),
            kind: super::trouble::Kind::Final,
        })
    }

    /// Returns whether it is a protocol's inventor itself.
    fn is_strict(&self) -> bool {
        let host = Address::parse(&self.endpoint.base_url).ok();
        host.is_some_and(|address| STRICT.contains(&address.origin().host()))
    }

    /// Returns whether it goes on with an answer that another route began.
    pub fn continues(&self) -> bool {
        wire::continues(self.endpoint.protocol, self.is_strict())
    }

    /// Sends a request that `meter` counts; any status but 200 is trouble.
    async fn send(
        &self,
        what: What,
        body: Option<Vec<u8>>,
        meter: &Meter,
    ) -> Result<(Reply, Arc<Site>), Trouble> {
        let name = &self.endpoint.name;
        let site = self.site().await?;
        let path = wire::path(self.endpoint.protocol, site.base(), what);
        let mut request = match body {
            Some(body) => Request::post(path, body).max_body(STREAM_MAX),
            None => Request::get(path),
        };
        request = request.metered(meter.clone());
        for (header, value) in wire::headers(self.endpoint.protocol) {
            request = request.header(header, (*value).to_owned());
        }
        let reply = site.send(&request).await.map_err(|error| Trouble::net(name, error))?;
        let status = reply.status();
        if status == 200 {
            return Ok((reply, site));
        }
        if status == 401 || status == 403 {
            // The next turn asks for the key again.
            *self.site.lock().await = None;
        }
        let headers = reply.headers().clone();
        let page = reply.beginning(PAGE_MAX).await;
        let mut trouble = Trouble::status(name, status, &headers, &page);
        trouble.fault.message = site.redact(&trouble.fault.message);
        Err(trouble)
    }

    /// Returns whether its key is to be had, as far as that is known: a variable is looked up, a
    /// command or a keyring that gave none a moment ago is not asked again.
    pub(super) fn has_key(&self) -> bool {
        let keyless = *self.keyless.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = keyless.is_some_and(|at| at.elapsed() < KEYLESS_FOR);
        !lately && may_have_key(&self.endpoint.key)
    }

    fn patience(&self) -> Patience {
        let address = Address::parse(&self.endpoint.base_url);
        let usual = || address.as_ref().map_or(FALLBACK, Patience::of);
        self.patience.unwrap_or_else(usual)
    }

    async fn site(&self) -> Result<Arc<Site>, Trouble> {
        let mut held = self.site.lock().await;
        if let Some(site) = held.as_ref() {
            return Ok(Arc::clone(site));
        }
        let site = Arc::new(self.make_site().await?);
        *held = Some(Arc::clone(&site));
        Ok(site)
    }

    async fn make_site(&self) -> Result<Site, Trouble> {
        let endpoint = &self.endpoint;
        let net = |error: NetError| Trouble::net(&endpoint.name, error);
        self.net.permit().map_err(net)?;
        let address = Address::parse(&endpoint.base_url).map_err(net)?;
        let patience = self.patience();
        let proxy = endpoint.proxy.as_deref().map(Address::parse).transpose().map_err(net)?;
        let transport = Transport {
            ca_file: endpoint.ca_file.as_deref().map(|path| self.expand(path)),
            proxy,
            allow_http: endpoint.allow_http,
            limits: Limits {
                connect: patience.connect,
                first_byte: patience.first_token,
                // What a silence means is said here, not below: the socket waits longer.
                idle: patience.first_token.max(patience.progress) * 2,
            },
        };
        let mut site = Site::new(self.net, address, transport).map_err(net)?;
        for (name, value) in &endpoint.headers {
            site = site.with_header(name, value).map_err(net)?;
        }
        let key = key(endpoint, site.origin()).await;
        *self.keyless.lock().unwrap_or_else(PoisonError::into_inner) =
            key.is_err().then(Instant::now);
        let key = key.map_err(|fault| Trouble { fault, kind: super::trouble::Kind::Final })?;
        match key {
            Some(key) => site.with_key(key).map_err(net),
            None => Ok(site),
        }
    }

    fn expand(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            (_, _) => PathBuf::from(path),
        }
    }
}

/// For an address that cannot be used: nothing is ever sent there.
const FALLBACK: Patience =
    Patience { connect: Duration::ZERO, first_token: Duration::ZERO, progress: Duration::ZERO };

/// An answer that is being read.
struct Talk<'a> {
    name: &'a str,
    decision: &'a Decision,
    sink: &'a mut TokenSink,
    tally: &'a mut Tally,
    reader: Reader,
    stop: Option<StopReason>,
    again: Again,
    stops: StopScan,
}

impl Talk<'_> {
    /// Takes a piece of the stream in.
    async fn piece(&mut self, piece: &[u8]) -> Result<ControlFlow<StopReason>, Trouble> {
        let mut steps = Vec::new();
        let read = self.reader.push(piece, &mut steps);
        if let ControlFlow::Break(reason) = self.steps(steps).await {
            return Ok(ControlFlow::Break(reason));
        }
        read.map_err(|error| Trouble::wire(self.name, &error))?;
        Ok(ControlFlow::Continue(()))
    }

    /// Ends the stream: without the protocol's own end, it broke off.
    async fn end(&mut self) -> Result<ControlFlow<StopReason>, Trouble> {
        let mut steps = Vec::new();
        let read = self.reader.end(&mut steps);
        if let ControlFlow::Break(reason) = self.steps(steps).await {
            return Ok(ControlFlow::Break(reason));
        }
        read.map_err(|error| Trouble::wire(self.name, &error))?;
        let what = "the stream ended without the protocol's own end";
        let fault = named(self.name, Fault::new(what));
        Err(Trouble { fault, kind: super::trouble::Kind::Transient })
    }

    async fn steps(&mut self, steps: Vec<Step>) -> ControlFlow<StopReason> {
        for step in steps {
            match step {
                Step::Text(text) => {
                    self.tally.text(&text, Instant::now());
                    let text = self.again.taken_from(text);
                    let scanned = self.stops.push(&text);
                    if self.sink.emit(TokenEvent::Delta(scanned.text)).await.is_break() {
                        return ControlFlow::Break(StopReason::Cancelled);
                    }
                    if scanned.stopped {
                        self.sink.keep();
                        return ControlFlow::Break(StopReason::Stop);
                    }
                }
                Step::Thought => self.tally.thought(),
                Step::Served { model, host } => self.served(model, host).await,
                Step::Tokens(tokens) => self.tally.count(tokens),
                Step::Stop(reason) => self.stop = Some(reason),
                Step::End => {
                    let reason = self.stop.take().unwrap_or(StopReason::EndOfTurn);
                    // It is whole, however it ended: a filter's word is not got round elsewhere.
                    self.sink.keep();
                    return ControlFlow::Break(reason);
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Says what was held back: nothing more comes, so that it is no stop string.
    async fn say_rest(&mut self) {
        let rest = self.stops.finish();
        if !rest.is_empty() {
            // A turn that nobody follows any more ends all the same.
            let _gone = self.sink.emit(TokenEvent::Delta(rest)).await;
        }
    }

    /// Says who really answers, if that is not who was asked.
    async fn served(&mut self, model: String, host: Option<String>) {
        if host.is_none() && model == self.decision.model {
            return;
        }
        let asked = &self.decision.model;
        let reason = match &host {
            Some(host) => format!("{}; {} passes it on to {host}", self.decision.reason, self.name),
            None if asked.is_empty() => self.decision.reason.clone(),
            None => format!("{}; {asked} was asked for", self.decision.reason),
        };
        let decision = Decision { model, reason, ..self.decision.clone() };
        // A turn that nobody follows any more is noticed by the next token.
        let _gone = self.sink.routed(decision).await;
    }

    /// Returns how long may pass until the next step: less where somebody else would go on.
    fn patience(&self, patience: Patience) -> Duration {
        let silence = self.sink.silence().filter(|_| self.tally.has_text());
        let measured = self.tally.tbt().map_or(Duration::ZERO, stalls_after);
        silence.map_or(patience.progress, |silence| silence.max(measured).min(patience.progress))
    }

    fn silent(&self, patience: Patience) -> Trouble {
        let (what, time) = if self.tally.has_text() {
            ("it said nothing more for", self.patience(patience))
        } else {
            ("it said nothing for", patience.first_token)
        };
        let fault = Fault::new(format!("{what} {} s", time.as_secs().max(1)));
        Trouble { fault: named(self.name, fault), kind: super::trouble::Kind::Transient }
    }
}

/// Returns the stop strings that this side looks for. An endpoint looks for them itself, but only in
/// what it says itself: not in an answer that another one began.
fn stops_to_look_for(generation: &Generation) -> Vec<String> {
    let continues = !generation.begun().is_empty();
    if continues { generation.limits.stop.clone() } else { Vec::new() }
}

/// Names an endpoint that says nothing while somebody else can answer.
fn passed_over(name: &str, limit: Duration) -> Trouble {
    let fault = Fault::new(format!("it said nothing for {} s", limit.as_secs().max(1)));
    Trouble { fault: named(name, fault), kind: super::trouble::Kind::Gone }
}

/// Makes the fault for an answer that never got room to be told.
pub(super) fn nothing_allowed(name: &str) -> Fault {
    Fault::new(format!("{name}: no such endpoint")).kind(FaultKind::Usage)
}

/// Estimates the tokens of a prompt: four bytes each, and four tokens around every message.
pub fn estimate(generation: &Generation) -> u32 {
    let of = |message: &crate::chat::Message| message.plain().len() / 4 + 4;
    u32::try_from(generation.messages.iter().map(of).sum::<usize>()).unwrap_or(u32::MAX)
}
