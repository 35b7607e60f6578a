# Texts of the admin area: navigation, home page and common words.

admin-menu = Menu
admin-navigation = Admin area
admin-crumbs = Position
admin-find = Find
admin-find-hint = Page, person, article or edition
admin-shortcuts = Keyboard shortcuts
admin-shortcut-rows = Next and previous row
admin-close = Close
admin-also = The same from a terminal or a program:
admin-zone = Times are in { $zone }.

admin-group-content = Content
admin-group-mail = Mail
admin-group-people = People
admin-group-operation = Operation
admin-group-administration = Administration
admin-home = Home
admin-articles = Articles
admin-feeds = Feeds
admin-digests = Digests
admin-editions = Editions
admin-subscribers = Subscribers
admin-imports = Import
admin-segments = Segments
admin-suppressions = Suppressions
admin-sources = Sources
admin-transports = Transports
admin-webhooks = Webhooks
admin-users = Users
admin-tokens = API tokens
admin-audit = Audit log
admin-settings = Settings
admin-profile = Your account

admin-when = Time
admin-digest = Digest
admin-edition = Edition
admin-state = State
admin-outcome = Outcome
admin-recipients = Recipients
admin-stories-waiting = Stories waiting
admin-numbers = Show the numbers
admin-day = Day

admin-outcome-sent = { $count } sent
admin-outcome-failed = { $count } failed
admin-outcome-held = { $count } held
admin-outcome-waiting = { $count } waiting
admin-outcome-cancelled = { $count } cancelled
admin-outcome-none = no recipients

state-preparing = Being prepared
state-draft = Draft
state-approved = Approved
state-sending = Sending
state-paused = Paused
state-sent = Sent
state-cancelled = Cancelled
state-queued = Waiting
state-failed = Failed
state-held = Held
state-bounced = Bounced
state-not-sent = Not sent
state-pending = Pending
state-confirmed = Confirmed
state-unsubscribed = Unsubscribed
state-suppressed = Suppressed

admin-home-attention = Needs attention
admin-home-calm = Nothing needs your attention.
admin-home-upcoming = Next seven days
admin-home-all-digests = All digests
admin-home-no-dates = No edition is scheduled in the next seven days.
admin-home-all-paused = No edition is scheduled: all digests are paused.
admin-home-too-few = too few for an edition
admin-home-editions = Last editions
admin-home-all-editions = All editions
admin-home-no-editions = No edition has been created yet. The first one follows the schedule of its digest.
admin-home-subscriptions = Subscriptions, 30 days
admin-home-confirmed = confirmed now
admin-home-joined = joined
admin-home-left = left
admin-home-readers = Feed readers, 30 days
admin-home-yesterday = yesterday
admin-home-usual = on a usual day
admin-home-no-readers = No readers in the last 30 days.

admin-attention-blocked = Nothing is sent: { $reason }
admin-attention-stopped = Courant has not run since { $since }.
admin-attention-not-running = { $count ->
    [one] One message waits
   *[other] { $count } messages wait
  }, and Courant does not run.
admin-attention-transport = Transport { $name } has failed since { $since }: { $error }
admin-attention-overdue = Messages for transport { $name } have waited since { $since }; a rate limit may be used up.
admin-attention-digest-paused = The digest “{ $title }” has been paused since { $since }.
admin-attention-open-digest = View the digest
admin-attention-paused = Edition { $name } of “{ $title }” is paused.
admin-attention-paused-because = Edition { $name } of “{ $title }” is paused: { $reason }
admin-attention-source = Source { $name } cannot be read since { $since }: { $error }
admin-attention-removals = Source { $name } no longer has { $count ->
    [one] one article, which stays
   *[other] { $count } articles, which stay
  } published until you accept the removal.
admin-attention-rejected = Source { $name } has { $count ->
    [one] one rejected row, which no reader
   *[other] { $count } rejected rows, which no reader
  } gets.
admin-attention-token = The token { $name } expires at { $expires }.
admin-attention-open-tokens = Open the tokens
admin-attention-webhook-off = Webhook { $name } was switched off at { $since }: { $reason }
admin-attention-webhook = Webhook { $name } has accepted no event since { $since }.
admin-attention-uploads = Uploads to { $name } fail: { $count ->
    [one] one file
   *[other] { $count } files
  }. The log has the reason.
admin-attention-open = Open
admin-attention-open-transport = Open the transport
admin-attention-open-edition = Open the edition
admin-attention-open-source = Open the source
admin-attention-open-webhook = Open the webhook

admin-feed = Feed
admin-found-pages = Pages
admin-found-digests = Digests and feeds
admin-found-editions = Editions
admin-found-people = People
admin-found-nothing = Nothing is called “{ $query }”.

admin-all = All
admin-filters = Filters
admin-pages = Pages of the list
admin-first-page = First page
admin-next-page = Next page
admin-address = Address
admin-attempts = Attempts
admin-answer = Reply of the mail server
admin-seconds = { $count } s
admin-minutes = { $count } min
admin-hours = { $count } h

admin-edition-title = { $title }, edition { $id }
admin-edition-pause = Pause
admin-edition-resume = Resume
admin-edition-nobody-left = Every message was accepted. If messages fail or are held, they can be sent again here.
admin-edition-retry = Send the failed ones again
admin-edition-cancel = Cancel…
admin-edition-cancel-confirm = { $count ->
    [one] One message is not sent yet.
   *[other] { $count } messages are not sent yet.
  } Cancel the edition? This cannot be undone.
admin-edition-relay = The mail server refuses: { $error }
admin-edition-rate = { $rate }/s
admin-edition-now = now
admin-edition-remaining = left
admin-edition-scheduled = Scheduled for
admin-edition-unsubscribed = unsubscribed with its link
admin-edition-finished = Finished
admin-edition-no-recipients = No recipient has this outcome.
admin-edition-mails = What was mailed
admin-done-edition-pause = The edition is paused. Messages that were being sent are finished.
admin-done-edition-resume = The edition is being sent again.
admin-done-edition-retry = The failed and held messages are queued again.
admin-done-edition-cancel = The edition is cancelled. Messages already sent stay sent.
admin-refused-edition-state = Nothing was changed: the edition is in another state by now.

admin-save = Save
profile-preferences = Display
profile-language-browser = Language of the browser
profile-zone = Time zone
profile-zone-hint = for example Asia/Shanghai; empty for that of the site
profile-shortcuts = Keyboard shortcuts of a single key
profile-error-zone = This is not a time zone. Write it as in Asia/Shanghai or Europe/Berlin.
admin-done-preferences = Your settings are saved.
admin-done-session = The session is over.

# Words for what people do on a page, by which the search finds it.
admin-home-words = start overview attention today
admin-articles-words = news posts stories rejected cleaned
admin-feeds-words = RSS Atom JSON address reader
admin-digests-words = newsletter schedule time send pause preview test audience campaign
admin-editions-words = sent send again retry resend failed pause campaign delivery
admin-subscribers-words = people readers list contacts export tag add erase
admin-imports-words = upload file CSV Excel add people list contacts
admin-segments-words = filter group list audience
admin-suppressions-words = block domain stop never mail unsubscribe blocklist
admin-sources-words = WordPress database sync removals
admin-transports-words = SMTP relay server mail test limit
admin-webhooks-words = event URL notify
admin-users-words = people colleague role permission invite account password
admin-tokens-words = API key access program
admin-audit-words = history who changed log
admin-settings-words = configuration config.toml site
