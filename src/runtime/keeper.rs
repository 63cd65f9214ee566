//! Saves what the model says is to be saved, and reads what is: everything that waits for the disk
//! does so beside the loop.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::changes::Changes;
use super::clock::now;
use crate::app::Msg;
use crate::chat::Change;
use crate::chat::Fault;
use crate::chat::Generation;
use crate::chat::MessageId;
use crate::chat::PrivacyClass;
use crate::chat::Saving;
use crate::chat::SessionId;
use crate::chat::Take;
use crate::chat::Timestamp;
use crate::chat::TurnId;
use crate::route::Lesson;
use crate::store::Filter;
use crate::store::Note;
use crate::store::Opened;
use crate::store::Options;
use crate::store::Place;
use crate::store::Reader;
use crate::store::Receipt;
use crate::store::Saved;
use crate::store::Store;
use crate::store::StoreError;

/// Messages of a session that are read for its first frame: a few screens.
const PAGE: u32 = 128;

/// Messages that a preview shows.
const PREVIEW: u32 = 6;

/// Between two looks at what others write.
const SETTLE: Duration = Duration::from_millis(250);

/// The most sessions in a list.
const LISTED: u32 = 10_000;

/// The most sessions of the sidebar: more rows than those of a screen are seldom looked at.
const RECENT: u32 = 50;

/// The most messages that a search shows.
const HITS: u32 = 200;

/// How long the end of the program waits for the disk.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// News that wait for the loop.
const EVENTS: usize = 64;

/// What of the chat is kept.
#[derive(Debug)]
pub enum Keeping {
    /// Nothing, anywhere.
    Nothing,
    /// Everything, in the store at this place; it is opened behind the first frame.
    At(Place),
    /// Everything, in this store, whose session is shown.
    In(Store, SessionId),
}

/// News of the store.
#[derive(Debug)]
pub(super) enum News {
    /// The store is open, and this is what it remembers of endpoints.
    Opened(Box<Opened>, Vec<Lesson>),
    /// A turn's beginning is durable, or is known not to be.
    Begun(TurnId, Box<Generation>, Saved),
    /// Something for the model.
    Msg(Box<Msg>),
}

/// The store of one chat.
#[derive(Debug)]
pub(super) struct Keeper {
    store: Option<Store>,
    opening: Option<JoinHandle<()>>,
    /// What is to be saved and begun as soon as the store is open.
    early: Vec<Change>,
    held: Vec<(TurnId, Generation)>,
    wanted: Vec<SessionId>,
    begun: HashMap<SessionId, Receipt>,
    watching: Option<JoinHandle<()>>,
    /// Changes are to be told as soon as the store is open.
    will_watch: bool,
    /// The newest wishes; older ones that were not begun are dropped.
    preview: watch::Sender<Option<SessionId>>,
    find: watch::Sender<String>,
    news: mpsc::Sender<News>,
}

impl Keeper {
    /// Starts it within the runtime of [`super::tasks`]; its news come by the channel.
    pub(super) fn start(keeping: Keeping) -> (Self, mpsc::Receiver<News>) {
        let (news, events) = mpsc::channel(EVENTS);
        let mut keeper = Self {
            store: None,
            opening: None,
            early: Vec::new(),
            held: Vec::new(),
            wanted: Vec::new(),
            begun: HashMap::new(),
            watching: None,
            will_watch: false,
            preview: watch::Sender::new(None),
            find: watch::Sender::new(String::new()),
            news,
        };
        match keeping {
            Keeping::Nothing => {}
            Keeping::At(place) => {
                let news = keeper.news.clone();
                keeper.opening = Some(tokio::task::spawn_blocking(move || {
                    let opened = Store::open(place, Options::default(), now());
                    let lessons = super::memory::recalled(&opened.store);
                    news.blocking_send(News::Opened(Box::new(opened), lessons)).ok();
                }));
            }
            Keeping::In(store, session) => {
                keeper.wanted.push(session);
                let lessons = super::memory::recalled(&store);
                let opened = Box::new(Opened { store, notes: Vec::new() });
                // There is room: it is the first.
                keeper.news.try_send(News::Opened(opened, lessons)).ok();
            }
        }
        (keeper, events)
    }

    /// Takes the open store over; returns the turns that need not wait for it.
    pub(super) fn opened(&mut self, opened: Opened) -> Vec<(TurnId, Generation)> {
        let Opened { store, notes } = opened;
        self.watch(&store);
        self.watch_damage(&store);
        store.keep_up(now());
        self.serve(&store);
        self.store = Some(store);
        self.opening = None;
        if self.will_watch {
            self.watch_changes(true);
        }
        for note in notes.iter().filter(|note| !matches!(note, Note::Fresh | Note::ReadOnly(_))) {
            self.tell(Msg::Told(note.to_string()));
        }
        for change in std::mem::take(&mut self.early) {
            self.save(change);
        }
        for session in std::mem::take(&mut self.wanted) {
            self.open(session);
        }
        let held = std::mem::take(&mut self.held);
        held.into_iter().filter_map(|(turn, generation)| self.begin(turn, generation)).collect()
    }

    /// Waits beside the loop until a turn's beginning is durable; gives the turn back if there is
    /// nothing to wait for.
    pub(super) fn begin(
        &mut self,
        turn: TurnId,
        generation: Generation,
    ) -> Option<(TurnId, Generation)> {
        if self.store.is_none() && self.opening.is_some() {
            self.held.push((turn, generation));
            return None;
        }
        let Some(receipt) = self.begun.remove(&generation.session) else {
            return Some((turn, generation));
        };
        let news = self.news.clone();
        tokio::spawn(async move {
            let saved = receipt.saved().await;
            news.send(News::Begun(turn, Box::new(generation), saved)).await.ok();
        });
        None
    }

    /// Returns whether a refusal means that nothing at all is saved; then the chat goes on.
    pub(super) fn is_read_only(&self) -> bool {
        let health = self.store.as_ref().map(|store| store.health().borrow().clone());
        matches!(health, Some(Saving::Never(_)))
    }

    /// Reads a session: its newest messages first, then all of them.
    pub(super) fn open(&mut self, session: SessionId) {
        let Some(store) = self.store.clone() else {
            self.wanted.push(session);
            return;
        };
        let news = self.news.clone();
        tokio::task::spawn_blocking(move || {
            let tell = |msg| news.blocking_send(News::Msg(Box::new(msg))).ok();
            let read = store.reader().and_then(|reader| {
                match first_page(&reader, session)? {
                    Some(opened) => tell(opened),
                    None => tell(Msg::Missing(Fault::new("that session is not there any more"))),
                };
                all(&reader, session)
            });
            tell(read.unwrap_or_else(|error| Msg::Missing(error.into())));
        });
    }

    /// Copies what of a session may leave this device, and opens the copy once it is durable.
    pub(super) fn redact(
        &self,
        from: SessionId,
        at: MessageId,
        (into, created): (SessionId, Timestamp),
    ) {
        let Some(store) = self.store.clone() else { return };
        let fork = Change::Fork { from, at: Some(at), take: Take::Open, into, created };
        let receipt = store.submit(fork);
        let news = self.news.clone();
        tokio::spawn(async move {
            let saved = receipt.saved().await;
            tokio::task::spawn_blocking(move || {
                let msg = match saved {
                    Saved::InMemory(fault) | Saved::Busy(fault) | Saved::Refused(fault) => {
                        Msg::Missing(fault)
                    }
                    Saved::Durable => {
                        let tell = |msg| news.blocking_send(News::Msg(Box::new(msg))).ok();
                        let read = store.reader().and_then(|reader| {
                            first_page(&reader, into)?.and_then(tell);
                            all(&reader, into)
                        });
                        read.unwrap_or_else(|error| Msg::Missing(error.into()))
                    }
                };
                news.blocking_send(News::Msg(Box::new(msg))).ok();
            });
        });
    }

    /// Reads all of a session once more.
    pub(super) fn reread(&self, session: SessionId) {
        let Some(store) = self.store.clone() else { return };
        let news = self.news.clone();
        tokio::task::spawn_blocking(move || {
            // What cannot be read now is read after the next change.
            if let Ok(msg) = store.reader().and_then(|reader| all(&reader, session)) {
                news.blocking_send(News::Msg(Box::new(msg))).ok();
            }
        });
    }

    /// Reads all of a session if another leaf than `shown` is selected in the store.
    pub(super) fn peek(&self, session: SessionId, shown: MessageId) {
        let Some(store) = self.store.clone() else { return };
        let news = self.news.clone();
        tokio::task::spawn_blocking(move || {
            // What cannot be read now is read after the next change.
            let Ok(reader) = store.reader() else { return };
            let Ok(Some(info)) = reader.session(session) else { return };
            let Some(leaf) = info.leaf.filter(|leaf| *leaf != shown) else { return };
            let Ok(nodes) = reader.nodes(session) else { return };
            let Ok(Some(class)) = class(&reader, session) else { return };
            let grown = Msg::Grown { session, nodes, leaf, class };
            news.blocking_send(News::Msg(Box::new(grown))).ok();
        });
    }

    /// Tells when somebody writes to the store, or no longer.
    pub(super) fn watch_changes(&mut self, wanted: bool) {
        if let Some(watching) = self.watching.take() {
            watching.abort();
        }
        self.will_watch = wanted && self.store.is_none();
        let Some(store) = self.store.as_ref().filter(|_| wanted) else { return };
        let Ok(mut changes) = Changes::of(store.place().dir()) else { return };
        let news = self.news.clone();
        self.watching = Some(tokio::spawn(async move {
            // What was written before the watch began is looked at as well.
            loop {
                if news.send(News::Msg(Box::new(Msg::Changed))).await.is_err() {
                    return;
                }
                tokio::time::sleep(SETTLE).await;
                changes.next().await;
            }
        }));
    }

    /// Reads the list of sessions.
    pub(super) fn list(&self) {
        let Some(store) = self.store.clone() else { return };
        let news = self.news.clone();
        tokio::task::spawn_blocking(move || {
            let read = store.reader().and_then(|reader| {
                let all = Filter { archived: true, ..Filter::default() };
                reader.sessions(&all, LISTED)
            });
            let msg = match read {
                Ok(listed) => Msg::Listed(listed),
                Err(error) => Msg::Missing(error.into()),
            };
            news.blocking_send(News::Msg(Box::new(msg))).ok();
        });
    }

    /// Reads which sessions were saved last.
    pub(super) fn recent(&self) {
        let Some(store) = self.store.clone() else { return };
        let news = self.news.clone();
        tokio::task::spawn_blocking(move || {
            // What cannot be read now is read after the next change.
            let read = store.reader().and_then(|it| it.sessions(&Filter::default(), RECENT));
            if let Ok(listed) = read {
                news.blocking_send(News::Msg(Box::new(Msg::Recent(listed)))).ok();
            }
        });
    }

    /// Reads the end of a conversation.
    pub(super) fn preview(&self, session: SessionId) {
        self.preview.send_replace(Some(session));
    }

    /// Searches all messages.
    pub(super) fn find(&self, words: String) {
        self.find.send_replace(words);
    }

    /// Serves previews and searches, one of each at a time.
    fn serve(&self, store: &Store) {
        let preview = move |reader: &Reader, session: Option<SessionId>| {
            let session = session?;
            let page = reader.newest(session, PREVIEW).ok()?;
            let messages = page.nodes.into_iter().map(|it| it.node.message).collect();
            Some(Msg::Previewed { session, messages })
        };
        let find = |reader: &Reader, query: String| {
            let hits = Filter::typed(&query).and_then(|(words, filter)| {
                reader.search(&words, &filter, HITS).map_err(Fault::from)
            });
            Some(Msg::Found { query, hits })
        };
        self.answer(store, self.preview.subscribe(), preview);
        self.answer(store, self.find.subscribe(), find);
    }

    fn answer<T: Clone + Send + Sync + 'static>(
        &self,
        store: &Store,
        mut wishes: watch::Receiver<T>,
        read: impl Fn(&Reader, T) -> Option<Msg> + Clone + Send + 'static,
    ) {
        let (store, news) = (store.clone(), self.news.clone());
        tokio::spawn(async move {
            while wishes.changed().await.is_ok() {
                let wish = wishes.borrow_and_update().clone();
                let (store, read) = (store.clone(), read.clone());
                let read = tokio::task::spawn_blocking(move || read(&store.reader().ok()?, wish));
                if let Ok(Some(msg)) = read.await
                    && news.send(News::Msg(Box::new(msg))).await.is_err()
                {
                    return;
                }
            }
        });
    }

    /// Writes what waits and closes the store.
    ///
    /// # Cancel safety
    /// Dropping it leaves the writer to finish by itself.
    pub(super) async fn close(mut self, events: &mut mpsc::Receiver<News>) {
        if let Some(opening) = self.opening.take() {
            // What was said before the store was open is saved all the same.
            tokio::time::timeout(CLOSE_WITHIN, opening).await.ok();
            while let Ok(news) = events.try_recv() {
                if let News::Opened(opened, _) = news {
                    self.opened(*opened);
                }
            }
        }
        events.close();
        if let Some(store) = self.store {
            let closing = tokio::task::spawn_blocking(move || store.close());
            tokio::time::timeout(CLOSE_WITHIN, closing).await.ok();
        }
    }

    /// Hands something over to be saved.
    pub(super) fn save(&mut self, change: Change) {
        let Some(store) = &self.store else {
            if self.opening.is_some() || !self.wanted.is_empty() {
                self.early.push(change);
            }
            return;
        };
        let begins = match &change {
            Change::Begin { session, .. } => Some(session.id),
            _ => None,
        };
        let receipt = store.submit(change);
        if let Some(session) = begins {
            self.begun.insert(session, receipt);
        }
    }

    fn watch(&self, store: &Store) {
        let mut health = store.health();
        let news = self.news.clone();
        tokio::spawn(async move {
            health.mark_changed();
            while health.changed().await.is_ok() {
                let saving = health.borrow_and_update().clone();
                if news.send(News::Msg(Box::new(Msg::Saving(saving)))).await.is_err() {
                    return;
                }
            }
        });
    }

    /// Tells what is found wrong with the file while the chat goes on.
    fn watch_damage(&self, store: &Store) {
        let (mut damage, news) = (store.damage(), self.news.clone());
        tokio::spawn(async move {
            let found = damage.wait_for(Option::is_some).await.ok().and_then(|found| found.clone());
            if let Some(fault) = found {
                news.send(News::Msg(Box::new(Msg::Damaged(fault)))).await.ok();
            }
        });
    }

    fn tell(&self, msg: Msg) {
        // A note that finds no room is one too many.
        self.news.try_send(News::Msg(Box::new(msg))).ok();
    }
}

fn first_page(reader: &Reader, session: SessionId) -> Result<Option<Msg>, StoreError> {
    let Some(info) = reader.session(session)? else { return Ok(None) };
    let page = reader.newest(session, PAGE)?;
    let page = page.nodes.into_iter().map(|it| (it.node, it.siblings)).collect();
    Ok(Some(Msg::Opened { info: Box::new(info), page }))
}

fn all(reader: &Reader, session: SessionId) -> Result<Msg, StoreError> {
    let nodes = reader.nodes(session)?;
    let info = reader.session(session)?;
    let leaf = info.as_ref().and_then(|info| info.leaf);
    let class = info.map(|info| info.privacy).unwrap_or_default();
    Ok(Msg::Whole { session, nodes, leaf, class })
}

/// Reads a session's privacy class; behind its messages, because one of them may have made it
/// stricter.
fn class(reader: &Reader, session: SessionId) -> Result<Option<PrivacyClass>, StoreError> {
    Ok(reader.session(session)?.map(|info| info.privacy))
}
