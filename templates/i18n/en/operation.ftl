# Texts of the pages for sources, transports, users, tokens, the audit log and the settings.

admin-name = Name
admin-kind = Kind
admin-role = Role
admin-name-hint = lower-case letters, digits and hyphens
admin-role-hint = what the person or program may do
admin-digests-hint = none: all digests

source-synced = Last sync
source-next = Next sync
source-full-sync = Last full sync
source-rejected = Rejected rows
source-removals = Removals to accept
source-none = No source is configured. Add a [[sources]] table to config.toml.
source-failing = Failing
source-blocked = Waits for you
source-builtin = Built in
source-waiting = Not synced yet
source-good = Up to date
source-removals-lede = { $count ->
    [one] One article is
   *[other] { $count } articles are
  } no longer in the source. That is more than half of it, so the articles stay published until you accept the removal.
source-accept = { $count ->
    [one] Remove the article
   *[other] Remove the { $count } articles
  }
source-accept-confirm = { $count ->
    [one] One article disappears
   *[other] { $count } articles disappear
  } from all feeds and later digests. Accept the removal?
source-sync = Sync now
source-rejected-rows = Rejected rows
source-notes = Notes on imported rows
source-nothing-rejected = No row is rejected.
source-row = Row
source-reason = Reason
source-since = Since
admin-done-sync = The sync begins as soon as possible.
admin-done-removals = The removal is accepted; the next sync makes it.
admin-refused-removals = Nothing was changed: the number of removals is another one by now. Look at it again.
admin-refused-builtin = A built-in source has no database to read.

transport-waiting = Waiting
transport-rate = Sent in the last minute
transport-error = Last error
transport-none = No transport is configured. Add a [[transports]] table to config.toml.
transport-failing = Failing
transport-limited = Rate limit used up
transport-sending = Sending
transport-ready = Ready
transport-idle = Not running here
transport-failures = Consecutive failures
transport-since = Failing since
transport-retry = Next attempt
transport-sent = Sent since the start
transport-failed = Failed since the start
transport-limited-until = Rate limit used up until
transport-not-here = This node does not send. Another one may do so.
transport-domain = Domain
transport-blocked-until = No message before
transport-no-blocked = All recipient domains accept messages.
transport-blocked = Recipient domains that wait

user-factor = Second factor
user-factor-on = on
user-factor-off = off
user-signed-in = Last sign-in
user-none = There are no users yet.
user-add = Add the user
user-added = Added
user-link = Give { $name } this link to set a password. It works once, for one day, and is not shown again.
user-reset = New password link
user-remove = Remove…
user-remove-confirm = Remove the user { $name }? All sessions end at once.
admin-done-user = The role is changed. The sessions of the user are over.
admin-done-user-removed = The user is removed.
admin-refused-last-admin = The last administrator must remain. Make someone else an administrator first.
admin-refused-gone = Nothing was changed: it no longer exists.

token-expires = Expires
token-expires-hint = for example 90d; empty for never
token-expired = Expired
token-never-expires = never
token-used = Last used
token-never-used = never
token-none = There are no tokens. Programs need one to use the API.
token-create = Create a token
token-revoke = Revoke
token-revoke-confirm = Revoke the token { $name }? Programs that use it are refused from now on.
token-secret = Copy the token now; it is not shown again.
admin-done-revoked = The token is revoked.

audit-lede = Every change, with who made it. Search for the name of a user or token.
audit-actor = Actor
audit-action = Change
audit-object = Object
audit-detail = Details
audit-none = No change is recorded here yet.
audit-by-user = user
audit-by-token = token
audit-by-subscriber = Subscriber
audit-by-cli = Command line
audit-by-system = Courant
audit-action-create = Created
audit-action-change = Changed
audit-action-delete = Deleted
audit-action-subscribe = Subscribed
audit-action-confirm = Confirmed
audit-action-unsubscribe = Unsubscribed
audit-action-erase = Erased
audit-action-import = Imported
audit-action-export = Exported
audit-action-pause = Paused
audit-action-resume = Resumed
audit-action-cancel = Cancelled
audit-action-retry = Sent again
audit-action-test = Tested
audit-action-sync = Sync requested
audit-action-accept-removals = Removals accepted
audit-action-adopt = Database adopted
audit-action-reload = Reloaded
audit-action-sign-in = Signed in
audit-action-refuse-sign-in = Sign-in refused
audit-action-sign-out = Signed out
audit-object-source = Source
audit-object-article = Article
audit-object-feed = Feed
audit-object-digest = Digest
audit-object-edition = Edition
audit-object-delivery = Message
audit-object-subscriber = Subscriber
audit-object-attribute = Attribute
audit-object-segment = Segment
audit-object-bulk-job = Bulk operation
audit-object-import = Import
audit-object-subscription = Subscription
audit-object-suppression = Suppression
audit-object-token = Token
audit-object-user = User
audit-object-webhook = Webhook
audit-object-database = Database
audit-object-config = Configuration

settings-lede = All settings in force and where each is set. Change them in { $path }, then run `courant reload`.
settings-key = Key
settings-value = Value
settings-origin = Set in

admin-source = Source
admin-language = Language
article-title = Title
article-section = Section
article-sections = Sections
article-tags = Tags
article-authors = Authors
article-none = No article matches. Remove a filter, or sync the source.
article-published = Published
article-scheduled = Scheduled
article-removed = Removed
article-removed-title = Removed article { $id }
article-original = Open the original
article-published-at = Published
article-updated-at = Changed
article-first-seen = First seen
article-id = Permanent id
article-feeds = Feeds
article-no-editions = It was in no edition yet.

webhook-kinds = Kinds of events
webhook-waiting = Waiting
webhook-none = No webhook is configured. Programs that want to know of changes at once need one.
webhook-off = Switched off
webhook-failing = Failing
webhook-good = Ready
webhook-test = Send a test
webhook-enable = Switch on again
webhook-url = URL
webhook-event = Event
webhook-answer = Response
webhook-duration = Milliseconds
webhook-no-attempts = Nothing has been sent yet.
webhook-attempts = Attempts
webhook-replay = Send again
admin-done-webhook-test = The receiver accepted the test.
admin-done-webhook-on = The webhook is switched on.
admin-done-webhook-replay = The event is queued again.
admin-refused-webhook-test = The receiver did not accept the test. The list of attempts has its response.
admin-refused-webhook-blocked = This database must not send anything; it is a copy.
