# What mails and pages say in English. Another language may leave texts out: these stand in.
language-name = English

# --- Digest mail
digest-subject = { $digest }: { $title }
digest-count = { $count ->
    [one] one article
   *[other] { $count } articles
}
digest-in-browser = View in a browser
digest-read-more = Read more
digest-more = Also in this edition
digest-preheader-more = and more
digest-reason = You receive this because you subscribed to { $digest } ({ $site }).
digest-sent-to = Sent to
digest-unsubscribe = Unsubscribe

# --- Confirmation mail
confirm-mail-subject = Please confirm: { $digests }
confirm-mail-title = One click, and you are subscribed
confirm-mail-asked = Somebody, we hope it was you, entered { $address } on the pages of { $site } to receive:
confirm-mail-do = If that is what you want, please confirm it. The link works for { $days ->
        [one] one day
       *[other] { $days } days
    }.
confirm-mail-button = Yes, subscribe me
confirm-mail-link = If the button does not work, open this address:
confirm-mail-ignore = It was not you? Then ignore this mail: without your confirmation nothing will be sent, and the request is forgotten.

# --- All pages
page-home = Home
page-feeds = Feeds
page-subscribe = Subscribe
page-mailbox = Mailbox
page-publish = Publish
page-language = Language
page-skip = To the content
page-footer = Published with Courant.
page-back = Back to the start

# --- First page
index-title = News as it happens, or gathered by mail
index-lede = Follow { $site } with a feed reader, or let the news come to you by mail.
index-digests = By mail
index-digests-how = A digest gathers what is new and sends it at its hour. You leave it with one click.
index-digest-next = Next: { $next }
index-digest-subscribe = Subscribe
index-feeds = In a feed reader
index-feeds-how = Copy the address of a feed into your reader; any of the three formats will do.
index-feed-count = { $count ->
    [0] nothing yet
    [one] one article
   *[other] { $count } articles
}
index-feeds-all = All feeds, by section and language too
index-opml = All feeds in one file (OPML)
index-latest = Latest
index-empty = Nothing has been set up here yet.
index-how = How it works
index-how-reader = Feed readers ask for news by themselves: nobody learns your address, and you leave by deleting the feed.
index-how-mail = For a digest we need your mail address and your confirmation; choose the sections and the language you want.

# --- The demo's strip
demo-title = This is a demo, and it is alive
demo-next = { $seconds ->
    [one] The next digest goes out in one second.
   *[other] The next digest goes out in { $seconds } seconds.
}
demo-soon = The next digest goes out when there is something new.
demo-mails = { $count ->
    [0] No mail has arrived yet.
    [one] One mail has arrived.
   *[other] { $count } mails have arrived.
}
demo-what = A made-up college publishes an article now and then; feeds change at once, and every minute a digest carries the news to its readers.
demo-mailbox = Open the mailbox
demo-publish = Publish something yourself

# --- A feed's page
feed-what = A feed is an address for programs: a feed reader looks there from time to time and shows you what is new, without an account and without your mail address.
feed-how = Copy an address into your reader; any of the formats will do, and RSS is the one that every reader knows.
feed-subscribe = Subscribe
feed-private = This feed is for you and those you were told of it with: whoever has its address can read it.
feed-copy = Copy
feed-copied = Copied
feed-holds = Holds
feed-language = Language
feed-news = News arrives
feed-push = at once, in readers that know WebSub; in others when they look next
feed-poll = when your reader looks next
feed-empty = Nothing has been published here yet.
feed-older = Older articles
feed-archive = From the archive: { $page }
feed-parts = Only a part of it
feed-parts-how = Each of these is a feed of its own.
feed-site = On your own pages
feed-site-how = These lines in the head of a site's pages let readers find the feed by the site's address alone.

# --- All feeds
feeds-title = Feeds
feeds-none = There is no public feed yet.
feeds-chosen = By topic
feeds-chosen-how = Each of these is a feed of its own, too.
feeds-by-section = Sections
feeds-by-language = Languages
feeds-by-tag = Tags

# --- Subscribing
subscribe-title = Get the news by mail
subscribe-lede = We send a mail to confirm your address first; nothing else goes out before you did.
subscribe-address = Your mail address
subscribe-name = Your name
subscribe-optional = optional
subscribe-digests = What would you like to receive?
subscribe-sections = Only these sections
subscribe-sections-hint = Tick none to get all of them.
subscribe-language = In which language?
subscribe-honeypot = Leave this field empty
subscribe-button = Subscribe
subscribe-privacy = We use your address for these mails alone. Every one of them has a link to leave.
subscribe-sent-title = Look into your mailbox
subscribe-sent = We have sent a mail to { $address }. Press the button in it, and you are subscribed. If it does not arrive within minutes, look among the unwanted mail.
subscribe-error-address = { $address } is not a mail address we can write to; please look at it once more.
subscribe-error-digest = Please tick at least one digest.
subscribe-error-busy = Too many requests have come from your network; please try again in a few minutes.

# --- Confirming
confirm-title = Confirm your subscription
confirm-what = One press of the button, and you will receive:
confirm-button = Yes, subscribe me
confirm-not-me = It was not you? Just close this page.
confirm-done-title = You are subscribed
confirm-done = { $digests } will come to you from now on. Each mail has a link to leave.

# --- Leaving
unsubscribe-title = Leave { $digest }?
unsubscribe-ask = You will receive no more of it. Other digests are not touched.
unsubscribe-button = Leave { $digest }
unsubscribe-left-title = You have left { $digest }
unsubscribe-left = No more of it will be sent to you. A mail that is on its way this moment may still arrive.
unsubscribe-undo = That was a mistake: undo
unsubscribe-all-ask = Would you like to leave everything else, too?
unsubscribe-all = Leave all digests
unsubscribe-left-all-title = You have left all digests
unsubscribe-left-all = Nothing more will be sent to you. You are welcome back at any time.
unsubscribe-undone-title = Good to have you back
unsubscribe-undone = You receive { $digest } as before.

# --- Errors
error-not-found-title = There is nothing here
error-not-found = No page has this address. The feeds and digests are on the first page.
error-token-title = This link does not work any more
error-token = It is too old, was used already, or was cut off when it was copied. Ask for a new one by subscribing again.
error-request-title = That could not be read
error-request = Something was missing in what your browser sent; please go back and try once more.
error-failed-title = Something went wrong on our side
error-failed = It has been noted. Please try again in a few minutes.

# --- The demo's mailbox
mailbox-title = Mailbox
mailbox-lede = Every mail that Courant sends in this demo arrives here, and nowhere else.
mailbox-empty = No mail yet. Subscribe on the first page, or wait for the next digest.
mailbox-count = { $count ->
    [one] one mail
   *[other] { $count } mails
}
mailbox-shown = the newest { $count } are shown
mailbox-back = All mails
mailbox-from = From
mailbox-to = To
mailbox-date = Date
mailbox-headers = All headers
mailbox-html = As mail programs show it
mailbox-text = As plain text
mailbox-none = This mail has neither HTML nor text.

# --- The demo's publishing
publish-title = Publish an article
publish-lede = It appears in the feeds at once, and in the next digest of everybody who chose its section.
publish-field-title = Title
publish-field-text = Text
publish-field-text-hint = An empty line begins a new paragraph.
publish-field-section = Section
publish-field-language = Language
publish-button = Publish it
publish-error-title = An article needs a title.
publish-done-title = It is out
publish-done = It is in the feeds now, and will be in the next digest: { $title }
publish-done-feeds = See it in the feed
publish-done-again = Publish another
