# The words of the interface, in English: what the chat shows on the full screen and with --plain.
#
# A translation is a file of the same messages in words/LANGUAGE.ftl of the configuration's
# directory, for example words/de.ftl. What it leaves out is shown in English.
#
# { $name } is put in by the program: figures are written as they are, and a number chooses between
# the forms of its language, as in `messages` below. A name of a key (Enter, Esc, Ctrl-C, a letter
# before its meaning) stays as it is: the key does not change with the language. Lines are cut where
# the screen ends: shorter is better. A dot between two words of one line is ` · `.

## Words that several screens have

# A session that has no title yet.
untitled = new
# A list in which nothing fits what was typed.
none-fits = none of them
more-below = more
messages =
    { $count ->
        [one] 1 message
       *[other] { $count } messages
    }
age-now = now
yes = yes
no = no
hint = hint: { $hint }
too-small = window too small

# What is going on with an answer, or with the model.
state-stopping = stopping
state-waiting = waiting
state-loading = loading
state-prefill = prefill

## Figures: a number with its unit. TTFT is the time to the first token; tok is short for tokens.

figure-ttft = TTFT { $time }
figure-prefill = prefill { $rate }/s
figure-decode = { $rate } tok/s
figure-tokens = { $count } tok
figure-tokens-about = ~{ $count } tok
figure-cached = { $count } cached
# How much longer it takes.
figure-left = { $time } left

## How the device fares

level-normal = normal
level-strained = strained
level-recovering = recovering
level-overloaded = overloaded

## The first line: the sessions, and what the engine takes

pinned-local = pinned local
pinned-remote = pinned remote
pinned-to = pinned { $endpoint }
tabs-threads =
    { $count ->
        [one] 1 thread
       *[other] { $count } threads
    }

## The last line: what runs and how fast

status-ready = ready
status-help = ? help
status-leaving = leaving
status-stopping-still = { $count } still stopping
status-summing-up = summing up
status-stops-it = Ctrl-C stops it
status-loading = loading { $percent } %
status-engine-stopped = engine stopped
status-starts-again = the next question starts it again
status-prefill = prefill { $done }/{ $total }
status-waiting-seconds = waiting { $seconds } s
status-waiting-ahead = waiting, { $count } ahead
status-streaming = streaming
# The speed of the whole answer.
status-mean = mean { $rate }
# Tokens of the context that are used, and all of them.
status-context = ctx { $used }/{ $total }
status-nearly-full = nearly full
status-device = device { $level }

# While the conversation is read, a key before what it does.
status-reading-copy = y copy
status-reading-edit = e edit
status-reading-again = r again
status-reading-code = Tab code
status-reading-keys = ? all keys
status-reading-back = Esc back
status-block-copy = y copy block
status-block-save = w save it
status-block-next = Tab next block
status-block-message = k j message
status-block-back = Esc back

## An empty session

welcome-here = on this device
welcome-here-on = on this device: { $device }
welcome-remote = at an endpoint, not on this device
welcome-context = { $count } tokens of context
welcome-send = Enter sends
welcome-newline = Alt-Enter breaks the line
welcome-keys = ? lists the keys
welcome-sessions = Ctrl-O saved sessions

## The draft and the line above it

composer-empty = ask something
# While a question is asked in other words.
rule-rewording = another wording · Esc gives it up
# Lines of the conversation that are out of sight.
rule-below = { $rows } below
rule-new = { $rows } new
# What the draft would cost: its tokens, and when a route would begin to answer and be done.
cost-device = device
cost-prompt = prompt { $count } tok
cost-unmeasured = { $route } not measured
cost-route = { $route } { $first }
cost-route-all = { $route } { $first }, all { $all }
# Behind the first of several offers.
complete-first = { $does } · Tab
# Prompts that wait for the running answer.
queued = queued: { $prompt }
queued-behind = queued, { $count } before it: { $prompt }
queued-key = Up takes it back
# Before the reason why the store does not take what was said.
banner-held = not saved yet
banner-never = nothing is saved

## The conversation

# Reasoning of a model, before its answer: while it comes, and when it is over.
turn-reasons = reasoning
turn-reasons-for = reasoning { $time }
turn-reasoned = reasoned
turn-reasoned-for = reasoned { $time }
turn-thought-key = { $key } shows it
turn-not-sent = not sent any more
turn-prefill = { $count } tok prefill { $rate }/s
turn-decode = { $count } tok { $rate }/s
turn-ahead = { $count } ahead
turn-restarts = starting the engine again
turn-unanswered = no answer yet · Esc, then r asks for one
turn-elsewhere = being answered in another window
turn-continue = Esc, then x continues it, r asks again
turn-full = the context is full · the next question asks what is to go
turn-stopped-early = stopped before the first word
turn-empty = an empty answer
turn-forgotten = the next question is asked without this one

# Why an answer ended.
end-of-turn = end of turn
end-stop = stop string
end-length = length limit
end-full = context full
end-cancelled = stopped by you
# Before what went wrong.
end-interrupted = interrupted
end-failed = failed

## Questions that are answered by one key

quit = Quit?
quit-running =
    { $count ->
        [0] nothing is running
        [one] 1 answer is still running
       *[other] { $count } answers are still running
    }
quit-keys = y quit · n stay
egress = May this session leave this device?
egress-to = to { $name } ({ $origin })
egress-keys = y send it there · n keep it from there
close = Close this session?
close-keys = y stop the answer and close it · n keep it open
close-keys-ephemeral = y close and forget it · n keep it
save-to = Save to
save-to-keys = Enter saves · Esc does not

## The conversation does not fit the model's context

full = It does not fit the context
full-dropped =
    { $count ->
        [0] there is nothing before it that could be left out
        [one] the oldest turn would not be sent any more; it stays here:
       *[other] { $count } turns would not be sent any more; they stay here:
    }
full-hidden = and { $count } more
full-keys = d leave them out · s sum them up here · f fork
full-larger = l larger: { $cost }
# What a larger context takes.
full-cost = { $tokens } tokens, +{ $memory } memory
full-cost-free = { $tokens } tokens, no more memory
full-escape = Esc decides nothing
full-escape-largest = Esc decides nothing · there is no larger context here

## The sessions: the sidebar, and the list of the saved ones

sidebar = sessions
sidebar-saved = saved
picker = sessions
# Asks for a session's new title.
picker-title = title
picker-reads = reading
picker-count =
    { $count ->
        [one] 1 session
       *[other] { $count } sessions
    }
picker-empty = nothing is saved yet
picker-untitled = (no question yet)
picker-archived = archived
picker-delete = delete `{ $title }`?
picker-delete-keys = y deletes, n keeps it
picker-renames = Enter renames
picker-keeps-title = Esc keeps the title
picker-open = Enter opens
picker-undelete = Ctrl-_ undeletes
picker-delete-key = Del deletes
picker-rename = Ctrl-E renames
picker-archive = Ctrl-A archives
picker-show-archived = Tab archived
picker-hide-archived = Tab hides archived

## The search over all messages

search = search
search-runs = searching
search-shows = Enter shows it
search-moves = Up Down
search-closes = Esc closes

## The panel of the device

panel-engine = engine
panel-unheard = not heard of yet
panel-unheard-why = the next question starts it
panel-state = state
panel-threads = threads
panel-memory = memory
panel-pool = pool
panel-pool-tokens = { $used } of { $all } tokens
panel-turns = turns
panel-running = { $count } running
panel-queued = { $count } waiting
panel-decode = decode
panel-prefill = prefill
panel-unmeasured = not measured yet
panel-cache = cache
panel-cache-none = no answer in this session yet
panel-cache-tokens = { $cached } of { $all } prompt tokens
panel-endpoints = endpoints
panel-tbt = { $time } between tokens
panel-signals = signals
panel-unknown = unknown
# What a signal does to the device's state.
panel-strains = strains
panel-overloads = overloads

# Signals of the device. At most 30 letters, as all that stands on the left of the panel.
signal-cpu-wait = CPU wait, engine
signal-decode-ratio = decode by idle baseline
signal-memory-available = memory available
signal-memory-total = memory in all
signal-swapped-in = read back from swap
signal-psi-cpu = pressure: processors
signal-psi-memory = pressure: memory, some
signal-psi-memory-full = pressure: memory, all
signal-psi-io = pressure: disks
signal-cores = processors allowed
signal-temperature = hottest part
signal-hot = too hot
signal-throttled = slowed by heat
signal-battery = on battery
signal-saves-power = saves power

## Why the last turn ran where it did

why = why the last turn ran where it did
why-nothing = nothing yet
why-undecided = no turn of this session was decided
why-reason = reason
why-price = price of the change
why-again = { $count } tokens again
why-sent = { $size } sent
why-gains = { $costs }, to save { $time }
why-routes = routes
why-not-kept = not kept
why-only-now = only of turns of this run
why-unmeasured = nothing measured yet
why-times = token in { $first } ({ $worst } at worst), all in { $all }
why-tokens = { $count } tokens to evaluate
why-bytes = { $count } bytes
why-leaves = { $size } leave
why-costs = costs { $money }

# Why a route is not taken.
reject-privacy = something of this conversation may not leave this device
reject-pin = another route is pinned
reject-mode = the mode does not allow it
reject-offline = nothing may leave with --offline
reject-kill-switch = nothing may leave while EDGEWISE_NO_REMOTE is set
reject-no-model = there is no local model
reject-no-key = its key is not to be had (edgewise endpoints check says why)
reject-consent = this session was not agreed to go there
reject-too-long = the conversation does not fit its context
reject-capability = it cannot do what the turn needs
reject-memory = this device has no memory for it
reject-breaker = it failed too often lately
reject-rate-limit = it asked to be left alone for a while
reject-budget = it would cost more than is left
reject-broke-off = the answer to this question broke off there

## What keys and commands do: the help and the list of all commands. At most 38 letters.

# Headings.
keys-chat = chat
keys-sessions = sessions
keys-transcript = transcript
keys-reading = reading, after Esc on an empty draft
keys-draft = draft
keys-commands = commands

# Keys; some of them stand for a command as well.
does-earlier-later = earlier, later message
does-reword = edit the question and resend it
does-again = answer once more
does-again-elsewhere = answer once more, on another route
does-continue = continue an answer cut short
does-siblings = other wordings and answers
does-code-blocks = next, previous code block
does-copy = copy the message or block
does-copy-code = copy the last code block
does-copy-session = copy the session
does-save = save it to a file
does-links = open a link
does-raw = source or rendered
does-thoughts = show, fold reasoning
does-fork = fork the session here
does-back = back to the draft
does-send = send
does-newline = break the line
does-interrupt = stop the answer, clear the draft, quit
does-leave = quit when the draft is empty
does-palette = all commands
does-help = this list
does-device = the device: signals, speeds
does-sidebar = sidebar of the sessions
does-sidebar-keys = sidebar: go to it, or put it away
does-places = route and model of this session
does-dismiss = dismiss, to the end, read
does-mouse = mouse: chat's or terminal's
does-suspend = suspend
does-repaint = redraw
does-new = new
does-next = next
does-previous = previous
does-by-number = by number
does-saved-sessions = saved sessions
does-search = search all messages
does-close = close
does-scroll-pages = scroll by pages
does-scroll-lines = scroll by lines
does-scroll-ends = beginning, end
does-home-end = line; transcript when empty
does-up-down = rows; earlier prompts when empty
does-line-ends = beginning, end of the line
does-characters = one character
does-words = one word
does-delete-words = delete the word before, behind
does-delete-line = delete to the line's beginning, end
does-delete-characters = delete one character
does-yank = put back what was deleted, older
does-history = search earlier prompts
does-editor = write in $EDITOR
does-complete = complete /command, @file
does-unfold = unfold, fold a large paste
does-undo = undo, redo

# Commands.
does-new-session = new session
does-next-session = next session
does-previous-session = previous session
does-rename = name this session
does-tag = put tags on it, take tags off
does-archive = leave it out of lists, or not
does-close-session = close this session
does-route = where this session runs
does-answer-elsewhere = answer once more, elsewhere
does-redact = copy what of it may leave
does-copy-answer = copy the newest answer
does-save-answer = save the newest answer to a file
does-theme = take another theme
does-quit = quit
# //text, which would be a command with one stroke less.
does-send-slash = send /text
# What may stand behind / and @ beside the commands.
does-prompt = prompt of the library
does-attach = attach this file

# A command that is none.
command-missing = a command is missing · /help lists them
command-takes-nothing = /{ $name } takes nothing behind it · //{ $name } sends it
# { $what } is how the help writes it, like TITLE.
command-needs = /{ $name } needs its { $what }
command-unknown = no command /{ $typed } · /help lists them · //{ $typed } sends it
command-unknown-near = no command /{ $typed } · /{ $near }? · //{ $typed } sends it
route-usage = /route takes local, remote, auto or why · /route once local is for one turn
no-theme = no theme { $name } · /theme lists them

## Lists to choose from: their titles, and what stands in them

palette-commands = commands
palette-links = links
palette-history = earlier prompts
palette-themes = themes
palette-places = route or model
palette-again = answer once more

this-device = this device
profiles-endpoint = the profile's endpoint
# Where a session runs, and by which model.
place-mode = route: as the mode says
place-route = route: { $name }
place-model = model: { $name }
# What is chosen already.
place-now = { $label } (now)
place-usual = the profile's
place-local-only = the session is local-only
place-unmeasured = not measured
place-first-token = { $seconds } s to the first token
# Whether a model fits the memory.
place-fits = fits
place-too-large = too large
place-may-fit = may fit

## Notices: one line above the draft. { $what } is one of the what-… below.

busy = the answer is still running · Ctrl-C stops it
still-read = the session is still being read
nothing-to-copy = there is nothing to copy
nothing-to-save = there is nothing to save
nothing-to-drop = there is nothing before it that could be left out
nothing-asked = nothing was asked yet
no-link = there is no link in it
no-question = there is no question here
no-code-before = no code block before this one
no-code-behind = no code block behind this one
raw-on = source as it was written
raw-off = rendered
thoughts-on = reasoning is shown
thoughts-off = reasoning is folded
mouse-on = the mouse is the chat's
mouse-off = the mouse is the terminal's
answer-complete = the answer is complete · r asks for another
siblings-none = there is no other
siblings-end = no further one there
forked = a fork: the conversation it came from is as it was
begun-anew = the answer broke off and is begun anew elsewhere · Esc, then ← shows its part
form-fill = fill in what is empty · Enter asks
form-changed = the draft is another one now: nothing was asked
summing-up = summing the oldest turns up · Ctrl-C stops it
summary-stopped = no summary: stopped by you
enlarged = { $tokens } tokens of context until you leave · config set profiles.{ $profile }.n_ctx { $tokens } keeps it
local-only-now = local-only from here on, as the profile is · /redact copies what came before
redact-unsaved = nothing of this chat is saved: there is no copy
redact-open = nothing of this session is local-only · f forks it
pinned-not = the mode decides again
pinned-once = the next turn runs on { $place }
pinned-always = every turn runs on { $place }
model-elsewhere = this chat is answered at an endpoint · /route local comes first
model-already = { $name } answers already
model-next = { $name } answers from the next turn on

ephemeral-knows-none = an ephemeral chat knows no saved sessions
delete-busy = its answer is still running
deleted-later = deleted when this list closes · Ctrl-_ brings it back
archived = archived · /archive takes it back
archived-in-list = archived · Tab shows it
unarchived = not archived any more
tags = tags: { $tags }
tags-none = no tags

what-session = the session
what-message = the message
what-code = the code block
what-code-in = the { $language } block
copied =
    { $lines ->
        [one] copied { $what }, 1 line: { $ways }
       *[other] copied { $what }, { $lines } lines: { $ways }
    }
copy-by-terminal = the terminal (OSC 52)
copy-too-long = { $what } is too long for the terminal's clipboard · w saves it to a file
link-opens = { $program } opens { $address }
link-no-program = no program opens { $address }
file-saved = saved { $path }
file-not-saved = not saved: { $why }
file-exists = { $path } exists
editor-failed = { $editor }: { $error } · set VISUAL or EDITOR

# A conversation that is copied: above a question, and above an answer.
source-question = You
source-answer = Answer

# A large paste, as one line of the draft.
folded-paste = paste { $number }: { $lines } lines, { $size }, ~{ $tokens } tok

## --plain: lines for screen readers

plain-greeting = edgewise. Type a question and press Enter. /help lists the commands, Ctrl-D leaves.
# Before a question, and before an answer.
plain-you = you
plain-answer = answer
plain-loading = loading the model
plain-ready = the model is ready
plain-engine-stopped = the engine has stopped
plain-session = session: { $title }, questions so far: { $count }
plain-queued = waiting for other answers
plain-waiting = waiting before the next attempt
plain-prefill = reading the conversation
plain-end = end of the answer
plain-end-length = end of the answer, at the length limit
plain-end-full = the context is full
plain-first-word = first word after { $time }
plain-tokens = { $count } tokens
# Where a turn is answered, by which model, and why.
plain-route = route: { $route }, { $model }, { $reason }

# Questions, and how they are answered: the words y and n stay, and numbers.
plain-quit = quit? { $running }
plain-quit-keys = y quits, n stays
plain-close = close this session? { $title }
plain-close-keys = y stops the answer and closes it, n keeps it open
plain-close-keys-ephemeral = y closes and forgets it, n keeps it
plain-egress = may this session leave this device, to { $name } ({ $origin })?
plain-egress-keys = y sends it there, n keeps it from there
plain-full = it does not fit the context: { $why }
plain-full-drop = 1: leave them out
plain-full-sum = 2: sum them up here
plain-full-fork = 3: fork
plain-full-larger = 4: a larger context, { $cost }
plain-full-largest = there is no larger context here
plain-full-keys = a number, or an empty line, which decides nothing
plain-save = save to which file?
plain-save-keys = a name, or y for { $name }; an empty line goes back
plain-sessions-keys = a number opens one, words narrow the list; an empty line goes back
plain-search = what are you looking for? an empty line goes back
plain-search-none = nothing is found
plain-search-keys = a number shows one, other words are looked for; an empty line goes back
plain-commands-keys = type one of them; an empty line goes back
plain-list-keys = a number takes one, words narrow the list; an empty line goes back
plain-more = and { $count } more

## The first start, before the chat

start-models = No model is set up yet. These are there:
start-here = here
start-fetch = to fetch, { $size }, { $licence }
start-unknown-size = the hub tells its size
# A model that takes more memory than there is.
start-too-large = { $offer }; too large: takes { $takes } of { $usable }
start-themes = Themes ({ $auto } follows the terminal's ground; /theme tries them):
start-model = model
start-theme = theme
start-choose = { $what }: a number, Enter for 1, s skips
start-none = there is no { $what } `{ $typed }`

## After the chat

engine-stays = the engine stays for { $time } · edgewise stop ends it
