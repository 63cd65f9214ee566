//! What can be acted on in a text: its code blocks and its links.

use crate::markdown::block::Block;
use crate::markdown::block::Code;
use crate::markdown::document::Document;
use crate::markdown::inline::Span;
use crate::text::Clean;

/// Returns the code blocks of a whole text in their order, nested ones included.
pub fn code_blocks(text: &Clean) -> Vec<Code> {
    let mut found = Vec::new();
    each(text, &mut |block| {
        if let Block::Code(code) = block {
            found.push(code.clone());
        }
    });
    found
}

/// Returns the links of a whole text in their order: what stands for each, and where it leads.
pub fn links(text: &Clean) -> Vec<(Clean, Clean)> {
    let mut found: Vec<(Clean, Clean)> = Vec::new();
    let mut take = |spans: &[Span]| {
        for span in spans {
            let Some(link) = &span.link else { continue };
            match found.last_mut().filter(|(_, last)| last == link) {
                Some((text, _)) => text.push(&span.text),
                None => found.push((span.text.clone(), link.clone())),
            }
        }
    };
    each(text, &mut |block| match block {
        Block::Heading(_, spans) | Block::Paragraph(spans) => take(spans),
        Block::Table(table) => {
            let head = (!table.goes_on).then_some(&table.head);
            head.into_iter().chain(&table.rows).flatten().for_each(|cell| take(cell));
        }
        _ => {}
    });
    found
}

/// Visits every block of a text, containers before what is in them.
fn each(text: &Clean, visit: &mut impl FnMut(&Block)) {
    let mut document = Document::default();
    document.extend(text);
    document.blocks().for_each(|placed| walk(&placed.block, visit));
}

fn walk(block: &Block, visit: &mut impl FnMut(&Block)) {
    visit(block);
    match block {
        Block::Quote(inner) | Block::Footnote(_, inner) => {
            for block in inner {
                walk(block, visit);
            }
        }
        Block::List(list) => {
            let inner = list.items.iter().flat_map(|item| &item.blocks);
            for block in inner {
                walk(block, visit);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_found_wherever_it_stands_and_whole() {
        let text = "a\n\n```rust\nfn a() {}\n```\n\n- item\n\n  ```sh\n  ls\n  ```\n\n> ```\n> q\n> ```\n\n    old\n\n```py\nopen";
        let codes = code_blocks(&Clean::new(text));
        let found: Vec<_> =
            codes.iter().map(|code| (code.language(), code.text.as_str())).collect();
        assert_eq!(
            found,
            [("rust", "fn a() {}\n"), ("sh", "ls\n"), ("", "q\n"), ("", "old\n"), ("py", "open")]
        );
    }

    #[test]
    fn links_are_found_with_their_words() {
        let text = "[a *b*](https://a.example) and <mailto:x@y.example>, https://b.example/c_d.\n\n\
            | [t](http://t.example) |\n|-|\n| `https://code.example` |\n";
        let found: Vec<(String, String)> = links(&Clean::new(text))
            .into_iter()
            .map(|(text, link)| (text.into_string(), link.into_string()))
            .collect();
        let wanted = [
            ("a b", "https://a.example"),
            ("mailto:x@y.example", "mailto:x@y.example"),
            ("https://b.example/c_d", "https://b.example/c_d"),
            ("t", "http://t.example"),
        ];
        assert_eq!(found, wanted.map(|(text, link)| (text.to_owned(), link.to_owned())));
    }
}
