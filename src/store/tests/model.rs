//! The store against the tree in memory: whatever is done to both, they hold the same.

use proptest::prelude::*;

use super::*;
use crate::chat::Tree;

#[derive(Clone, Debug)]
enum Step {
    Below(usize),
    Edit(usize),
    Select(usize),
    Remove(usize),
    Fork(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let any = 0..1000_usize;
    prop_oneof![
        5 => any.clone().prop_map(Step::Below),
        3 => any.clone().prop_map(Step::Edit),
        2 => any.clone().prop_map(Step::Select),
        1 => any.clone().prop_map(Step::Remove),
        1 => any.prop_map(Step::Fork),
    ]
}

fn stored(reader: &Reader, session: SessionId) -> Tree {
    reader.tree(session).expect("a tree")
}

/// Does a step to both; returns the session and tree to go on with.
fn run(store: &Store, at: SessionId, tree: &mut Tree, step: &Step, new: u128) -> SessionId {
    let ids: Vec<MessageId> = tree.nodes().iter().map(|node| node.id).collect();
    let pick = |at: usize| (!ids.is_empty()).then(|| ids[at % ids.len()]);
    let add = |tree: &mut Tree, parent: Option<MessageId>| {
        let node = node(new, parent.map(|id| id.0), Role::User, &format!("message {new}"));
        tree.add(node.clone()).expect("fits");
        save(store, Change::Add { session: at, nodes: vec![node] });
    };
    match step {
        Step::Below(i) => add(tree, pick(*i)),
        Step::Edit(i) => {
            let parent = pick(*i).and_then(|id| tree.node(id).expect("there").parent);
            add(tree, parent);
        }
        Step::Select(i) => {
            if let Some(id) = pick(*i) {
                tree.select(id).expect("there");
                let reader = store.reader().expect("a reader");
                let leaf = reader.newest_leaf(at, id).expect("read").expect("there");
                save(store, Change::Select { session: at, leaf });
            }
        }
        Step::Remove(i) => {
            if let Some(message) = pick(*i) {
                tree.remove(message).expect("there");
                save(store, Change::RemoveMessage { session: at, message });
            }
        }
        Step::Fork(i) => {
            if let Some(message) = pick(*i) {
                *tree = tree.fork(message).expect("there");
                let into = SessionId(at.0 + 1);
                let (take, created) = (Take::All, Timestamp(1));
                save(store, Change::Fork { from: at, at: Some(message), take, into, created });
                return into;
            }
        }
    }
    at
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_store_holds_the_tree(steps in prop::collection::vec(step(), 1..30)) {
        let home = Home::new();
        let store = home.open().store;
        save(&store, Change::Create(info()));
        let (mut at, mut tree) = (SESSION, Tree::default());
        for (new, step) in (1..).zip(&steps) {
            at = run(&store, at, &mut tree, step, new);
            let reader = store.reader().expect("a reader");
            let there = stored(&reader, at);
            prop_assert_eq!(there.nodes(), tree.nodes(), "{:?}", step);
            prop_assert_eq!(there.path(), tree.path(), "{:?}", step);
            let page = reader.newest(at, 1000).expect("a page");
            let path: Vec<&Node> = page.nodes.iter().map(|one| &one.node).collect();
            prop_assert_eq!(path, tree.path());
        }
    }
}
