-- Schema 2: full-text search. The index holds no text of its own; its rows are the messages'
-- numbers. What is indexed comes folded and split already (`words.rs`), so that the tokeniser only
-- cuts at spaces.

CREATE VIRTUAL TABLE words USING fts5 (body, content = '', contentless_delete = 1, tokenize = 'ascii');
