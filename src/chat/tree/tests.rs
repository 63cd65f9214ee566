use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::chat::Message;
use crate::chat::Role;
use crate::chat::Timestamp;

fn node(id: u128, parent: Option<u128>, state: NodeState) -> Node {
    Node {
        id: MessageId(id),
        parent: parent.map(MessageId),
        created: Timestamp(0),
        message: Message::text(Role::User, id.to_string()),
        state,
        answer: None,
    }
}

/// One thing that somebody does to a conversation; numbers pick among the messages there are.
#[derive(Clone, Debug)]
enum Step {
    Say,
    Edit(usize),
    Below(usize),
    Select(usize),
    StopAt(usize),
    Remove(usize),
    Fork(usize),
    End(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let any = 0..1000_usize;
    prop_oneof![
        4 => Just(Step::Say),
        3 => any.clone().prop_map(Step::Edit),
        2 => any.clone().prop_map(Step::Below),
        2 => any.clone().prop_map(Step::Select),
        1 => any.clone().prop_map(Step::StopAt),
        2 => any.clone().prop_map(Step::Remove),
        1 => any.clone().prop_map(Step::Fork),
        2 => any.prop_map(Step::End),
    ]
}

/// Every rule that a tree keeps.
fn sound(tree: &Tree) {
    let listed: Vec<MessageId> = tree.children.values().flatten().copied().collect();
    let distinct: HashSet<MessageId> = listed.iter().copied().collect();
    assert_eq!(listed.len(), distinct.len(), "a message is listed once");
    assert_eq!(distinct, tree.nodes.keys().copied().collect(), "all messages are listed");
    for (id, node) in &tree.nodes {
        assert_eq!(*id, node.id);
        assert!(tree.siblings(*id).contains(id));
        assert!(node.parent.is_none_or(|parent| tree.nodes.contains_key(&parent)), "no orphan");
    }
    assert_eq!(tree.nodes().len(), tree.len(), "everything is reached from the top: no circle");
    assert_eq!(tree.leaf.is_none(), tree.is_empty(), "something is selected");
    let path = tree.path();
    assert_eq!(path.last().map(|node| node.id), tree.leaf);
    assert!(path.first().is_none_or(|node| node.parent.is_none()));
    assert!(path.windows(2).all(|pair| pair[1].parent == Some(pair[0].id)));
    assert!(tree.children.values().all(|children| !children.is_empty()));
}

fn run(tree: &mut Tree, step: &Step, id: u128) {
    let mut ids: Vec<MessageId> = tree.nodes.keys().copied().collect();
    ids.sort_unstable();
    let pick = |at: usize| ids.get(at % ids.len().max(1)).copied();
    let parent_of = |tree: &Tree, at| pick(at).and_then(|id| tree.nodes[&id].parent);
    let before = tree.clone();
    match step {
        Step::Say => {
            let parent = tree.leaf.map(|id| id.0);
            tree.add(node(id, parent, NodeState::Streaming)).expect("follows the leaf");
        }
        Step::Edit(at) => {
            let parent = parent_of(tree, *at).map(|id| id.0);
            tree.add(node(id, parent, NodeState::Complete)).expect("a sibling");
        }
        Step::Below(at) => {
            let parent = pick(*at).map(|id| id.0);
            tree.add(node(id, parent, NodeState::Complete)).expect("a child");
        }
        Step::Select(at) => drop(pick(*at).map(|id| tree.select(id).expect("there"))),
        Step::StopAt(at) => drop(pick(*at).map(|id| tree.stop_at(id).expect("there"))),
        Step::Remove(at) => drop(pick(*at).map(|id| tree.remove(id).expect("there"))),
        Step::Fork(at) => {
            if let Some(at) = pick(*at) {
                *tree = tree.fork(at).expect("there");
                sound(tree);
                assert_eq!(tree.path().len(), tree.len(), "a fork has no branches");
                assert_eq!(tree.leaf, Some(at));
            }
        }
        Step::End(at) => {
            if let Some(id) = pick(*at) {
                let streams = tree.nodes[&id].state == NodeState::Streaming;
                let ended = tree.stream(id, |node| node.state = NodeState::Complete);
                assert_eq!(ended.is_ok(), streams, "an answer ends once");
            }
        }
    }
    if matches!(step, Step::Say | Step::Edit(_) | Step::Below(_)) {
        assert!(before.nodes.iter().all(|(id, node)| tree.nodes.get(id) == Some(node)));
        assert_eq!(tree.leaf, Some(MessageId(id)), "what was added is selected");
    }
}

proptest! {
    #[test]
    fn any_order_of_edits_forks_and_deletes_keeps_the_rules(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut tree = Tree::default();
        for (id, step) in (1_u128..).zip(&steps) {
            run(&mut tree, step, id);
            sound(&tree);
        }
        let again = Tree::of(tree.nodes().into_iter().cloned(), tree.leaf()).expect("sound");
        prop_assert_eq!(&again.nodes, &tree.nodes);
        prop_assert_eq!(again.path(), tree.path());
    }

    #[test]
    fn a_part_of_a_path_is_its_end(length in 1_usize..30, loaded in 1_usize..30) {
        let mut whole = Tree::default();
        for id in 1..=length as u128 {
            let parent = Some(id - 1).filter(|id| *id > 0);
            whole.add(node(id, parent, NodeState::Complete)).expect("follows");
        }
        let mut part = Tree::default();
        for node in whole.path().into_iter().rev().take(loaded) {
            part.load(node.clone(), vec![node.id]);
        }
        let path = whole.path();
        prop_assert_eq!(part.path(), path[length.saturating_sub(loaded)..].to_vec());
        prop_assert_eq!(part.nodes().len(), loaded.min(length));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut tree = Tree::default();
    tree.add(node(1, None, NodeState::Complete)).expect("the first");
    let before = tree.clone();
    let again = node(1, None, NodeState::Complete);
    assert_eq!(tree.add(again), Err(TreeError::Twice(MessageId(1))));
    let orphan = node(3, Some(2), NodeState::Complete);
    assert_eq!(tree.add(orphan), Err(TreeError::Orphan(MessageId(3))));
    assert_eq!(tree.select(MessageId(9)), Err(TreeError::Unknown(MessageId(9))));
    assert_eq!(tree.remove(MessageId(9)), Err(TreeError::Unknown(MessageId(9))));
    assert_eq!(tree, before);
}

#[test]
fn selecting_a_sibling_shows_its_newest_end() {
    let mut tree = Tree::default();
    for (id, parent) in [(1, None), (2, Some(1)), (3, Some(2)), (4, Some(1)), (5, Some(2))] {
        tree.add(node(id, parent, NodeState::Complete)).expect("fits");
    }
    tree.select(MessageId(4)).expect("there");
    let shown = |tree: &Tree| tree.path().iter().map(|node| node.id.0).collect::<Vec<_>>();
    assert_eq!(shown(&tree), [1, 4]);
    assert_eq!(tree.siblings(MessageId(4)), [MessageId(2), MessageId(4)]);
    tree.select(MessageId(2)).expect("there");
    assert_eq!(shown(&tree), [1, 2, 5]);
    tree.remove(MessageId(2)).expect("there");
    assert_eq!(shown(&tree), [1, 4], "the newest leaf that is left below the same message");
}
