# Texts of e-mails and web pages in English, which is also the fallback for texts that another language lacks.
language-name = English

# --- Digest e-mail
digest-count = { $count ->
    [one] 1 article
   *[other] { $count } articles
}
digest-in-browser = View in browser
digest-read-more = Read more
digest-more = Also in this edition
digest-unlisted = { $count ->
    [one] 1 more article on { $site }
   *[other] { $count } more articles on { $site }
}
digest-preheader-more = and more
digest-reason = You are receiving this e-mail because you subscribed to { $digest } ({ $site }).
digest-sent-to = Sent to
digest-unsubscribe = Unsubscribe

# --- Confirmation e-mail
confirm-mail-subject = Confirm your subscription: { $digests }
confirm-mail-title = Confirm your subscription
confirm-mail-reason = We received a request to subscribe { $address } to the following from { $site }:
confirm-mail-instructions = Please open this page and confirm your subscription there. The link is valid for { $days ->
        [one] 1 day
       *[other] { $days } days
    }.
confirm-mail-button = Confirm subscription
confirm-mail-link = If the button does not work, copy this link into your browser:
confirm-mail-ignore = If you did not request this, ignore this e-mail. We will not send you anything unless you confirm.

# --- All pages
page-feeds = Feeds
page-subscribe = Subscribe
page-mailbox = Inbox
page-publish = Publish
page-language = Language
page-skip = Skip to content
page-footer = Powered by Courant
page-back = Back to home page

# --- Home page
index-title = News in your feed reader or your inbox
index-lede = Follow { $site } in a feed reader, or get the news by e-mail.
index-digests = By e-mail
index-digests-hint = Get new articles by e-mail on a schedule. Unsubscribe at any time.
index-digest-next = Next edition: { $next }
index-digest-paused = E-mails are currently paused.
index-digest-subscribe = Subscribe
index-feeds = In a feed reader
index-feeds-hint = Copy the address of a feed into your feed reader. You can use any of the three formats.
index-feed-count = { $count ->
    [0] No articles yet
    [one] 1 article
   *[other] { $count } articles
}
index-feeds-all = All feeds
index-opml = Download all feeds (OPML)
index-latest = Latest articles
index-empty = There are no feeds or digests yet.
index-about = How it works
index-about-feeds = Your feed reader checks for new articles automatically. You do not need an account or an e-mail address. To stop, remove the feed from your reader.
index-about-digests = To get a digest, enter your e-mail address and confirm it.{ $choice ->
    [both] {" "}You can choose the sections and the language.
    [sections] {" "}You can choose the sections.
    [language] {" "}You can choose the language.
   *[none] {""}
}

# --- How often a digest is sent ($nth is 1 to 4, or 5 for the last)
list-separator = { ", " }
list-end = { " and " }
weekday = { $day ->
    [1] Monday
    [2] Tuesday
    [3] Wednesday
    [4] Thursday
    [5] Friday
    [6] Saturday
   *[7] Sunday
}
month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
month-day = { $day ->
    [1] 1st
    [2] 2nd
    [3] 3rd
    [21] 21st
    [22] 22nd
    [23] 23rd
   *[other] { $day }th
}
recurrence-minutes = { $count ->
    [1] every minute
   *[other] every { $count } minutes
}
recurrence-hours = { $count ->
    [1] every hour
   *[other] every { $count } hours
}
recurrence-daily = every day at { $times }
recurrence-weekdays = on weekdays at { $times }
recurrence-weekends = on weekends at { $times }
recurrence-weekly = every { $days } at { $times }
recurrence-first-day = on the first day of each month at { $times }
recurrence-last-day = on the last day of each month at { $times }
recurrence-monthly = on the { $days } of each month at { $times }
recurrence-nth-weekday = on the { $nth ->
    [1] first
    [2] second
    [3] third
    [4] fourth
   *[5] last
} { $weekday } of each month at { $times }
recurrence-yearly = every year on { $day } { $month } at { $times }

# --- Banner on the demo's home page
demo-title = This is a live demo
demo-next = { $seconds ->
    [one] The next digest will be sent in 1 second.
   *[other] The next digest will be sent in { $seconds } seconds.
}
demo-soon = The next digest will be sent when there are new articles.
demo-paused = The digest is currently paused.
demo-mails = { $count ->
    [0] No e-mails have arrived yet.
    [one] 1 e-mail has arrived.
   *[other] { $count } e-mails have arrived.
}
demo-description = A fictional college publishes an article every now and then. Its feeds are updated immediately, and a digest of the new articles is e-mailed to its subscribers every minute.
demo-mailbox = Open the inbox
demo-publish = Publish an article
demo-admin = Open the admin area

# --- Page of a feed
feed-description = A feed lets you follow a site in a feed reader, an app that checks for new articles and shows them to you. You do not need an account or an e-mail address.
feed-instructions = Copy the address of a feed into your feed reader. If you are not sure which format to use, choose RSS.
feed-subscribe = Subscribe
feed-private = This feed is private. Anyone who has its address can read it, so share it with care.
feed-copy = Copy
feed-copied = Copied
feed-contents = Contents
feed-language = Language
feed-updates = Updates
feed-push = Immediately if your feed reader supports WebSub, otherwise the next time it checks
feed-poll = The next time your feed reader checks
feed-empty = No articles have been published yet.
feed-older = Older articles
feed-archive = From the archive: { $page }
feed-parts = Follow only part of this feed
feed-parts-hint = Each of these is a separate feed.
feed-embed = Link to this feed from your website
feed-embed-hint = Add these lines to the head section of your pages, so that feed readers can find the feed at the address of your site.

# --- List of feeds
feeds-title = Feeds
feeds-none = There are no public feeds yet.
feeds-by-topic = By topic
feeds-by-topic-hint = Each of these is a separate feed.
feeds-by-section = Sections
feeds-by-language = Languages
feeds-by-tag = Tags

# --- Subscribe
subscribe-title = Subscribe by e-mail
subscribe-lede = We will e-mail you a confirmation link. You will not receive anything else until you confirm.
subscribe-address = E-mail address
subscribe-name = Name
subscribe-optional = optional
subscribe-digests = What would you like to receive?
subscribe-sections = Sections
subscribe-sections-hint = Leave all boxes unchecked to get every section.
subscribe-language = Language of the e-mails
subscribe-honeypot = Leave this field empty
subscribe-button = Subscribe
subscribe-privacy = We only use your address to send these e-mails. Every e-mail has an unsubscribe link.
subscribe-sent-title = Check your inbox
subscribe-sent = We sent an e-mail to { $address }. Open the link in it, and confirm your subscription on the page that appears.
subscribe-sent-again = If it does not arrive in a few minutes, check your spam folder. If you have already signed up, use the confirmation e-mail that you received then.
subscribe-error-address = “{ $address }” is not a valid e-mail address. Please check it.
subscribe-error-digest = Select at least one digest.

# --- Confirm
confirm-title = Confirm your subscription
confirm-list = Once you confirm, you will receive:
confirm-button = Confirm subscription
confirm-not-me = If you did not request this, close this page.
confirm-done-title = You are subscribed
confirm-done = You will now receive:
confirm-done-hint = Every e-mail has an unsubscribe link.
confirm-already-title = You are already subscribed
confirm-already = This link has already been used, so you do not need to do anything. You will receive:
choices-next = Next edition
choices-sections = Sections
choices-all-sections = All sections
choices-language = Language
colon = { ": " }

# --- Unsubscribe
unsubscribe-title = Unsubscribe from { $digest }?
unsubscribe-ask = You will no longer receive this digest. Your other subscriptions will not change.
unsubscribe-button = Unsubscribe
unsubscribe-address = Do you have a new e-mail address? Subscribe with the new one, then unsubscribe the old one here.
unsubscribe-address-link = Subscribe with another address
unsubscribe-done-title = You have unsubscribed from { $digest }
unsubscribe-done = You may still receive an e-mail that is already on its way.
unsubscribe-undo = Undo
unsubscribe-all-ask = Would you like to unsubscribe from your other digests too?
unsubscribe-all = Unsubscribe from everything
unsubscribe-all-done-title = You have unsubscribed from everything
unsubscribe-all-done = We will not send you any more digests. You can subscribe again at any time.
unsubscribe-undone-title = You are subscribed again
unsubscribe-undone = You will receive { $digest } again.
unsubscribe-test-title = The unsubscribe link works
unsubscribe-test = This link is from a test e-mail, so nothing has changed. In a digest, the link unsubscribes its recipient.

# --- Errors
error-not-found-title = Page not found
error-not-found = Check the address, or find all feeds and digests on the home page.
error-invalid-token-title = This link does not work
error-invalid-token = The link may have expired, been used already, or been cut off. To get a new confirmation link, subscribe again.
error-bad-request-title = Bad request
error-bad-request = The form was incomplete or not valid. Please go back and try again.
error-forbidden-title = Request not allowed
error-forbidden = The form was sent from another website. Please open our page and fill in the form there.
error-permission-title = Not permitted
error-permission = Your account does not have the permission for this. Ask an administrator.
error-method-not-allowed-title = Method not allowed
error-method-not-allowed = This address does not accept that type of request. Please go back to the home page and start again.
error-not-acceptable-title = Encoding not available
error-not-acceptable = This page is not available in any encoding that your browser or feed reader accepts.
error-too-large-title = Too much data
error-too-large = The form was larger than we accept. Please go back, shorten your text and try again.
error-too-many-requests-title = Too many requests
error-too-many-requests = We received too many requests from your network. Please try again in { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    }.
error-too-many-confirmations-title = Please try again later
error-too-many-confirmations = We cannot send any more confirmation e-mails at the moment. Please try again in 10 minutes.
error-failed-title = Something went wrong
error-failed = The problem is on our side. Please try again in a few minutes.

# --- Signing in
login-title = Sign in
login-name = Name
login-password = Password
login-button = Sign in
login-demo = Sign in to the demo
login-help = No password yet, or forgotten it? Ask an administrator for a link to set a new one.
login-code = Code
login-code-lede = Enter the code that your authenticator app shows.
login-code-recovery = Without the app, enter one of your recovery codes.
login-again = Sign in as somebody else
login-error = The name or the password is wrong.
login-error-code = The code is wrong or was used already. Wait for the next one.
login-error-wait-seconds = Too many attempts. Please try again in { $seconds ->
        [one] 1 second
       *[other] { $seconds } seconds
    }.
login-error-wait-minutes = Too many attempts. Please try again in { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    }.
login-provider = Continue with { $provider }
error-openid-title = The sign-in failed
error-openid = The sign-in could not be completed. Please begin again on the sign-in page, or ask an administrator.
error-openid-unavailable-title = The sign-in is not available
error-openid-unavailable = The login service does not answer at the moment. Please try again in a few minutes.
password-title = Set a password
password-lede = Choose a password for the account “{ $name }”.
password-new = New password
password-hint = at least { $count } characters
password-repeat = Repeat the new password
password-present = Present password
password-button = Save password
password-done-title = Password saved
password-done = You can now sign in with your new password.
password-error-short = The password is too short. Use at least { $count } characters.
password-error-long = The password is too long. Use at most { $count } characters.
password-error-common = This password is easy to guess. Avoid common words, patterns and your name.
password-error-repeat = The two passwords are not the same.
password-error-present = The present password is wrong, or there were too many attempts.
error-password-link-title = This link does not work
error-password-link = The link has expired or was used already. Ask an administrator for a new one.

# --- The profile of a user
profile-title = Your account
profile-sign-out = Sign out
profile-role = Role
profile-digests = Digests
profile-password = Password
profile-password-hint = A new password signs out all other browsers.
role-admin = Administrator
role-editor = Editor
role-lists = List manager
role-viewer = Viewer
factor-title = Second factor
factor-off = With a second factor, signing in also takes a code from an app on your phone. A stolen password alone is then worth nothing.
factor-start-button = Set up a second factor
factor-scan = Scan this code with an authenticator app, then enter the code that the app shows.
factor-qr = QR code with the secret of the second factor
factor-secret = If you cannot scan, type this key into the app:
factor-confirm-button = Switch on
factor-on = The second factor is on.
factor-codes-left = { $count ->
    [0] No recovery codes are left.
    [one] 1 recovery code is left.
   *[other] { $count } recovery codes are left.
}
factor-stop = Switch off the second factor
factor-stop-button = Switch off
recovery-title = The second factor is on
recovery-lede = Keep these recovery codes in a safe place. Each signs you in once if you lose your phone. They cannot be shown again.
recovery-done = I have saved the codes
sessions-title = Signed-in browsers
sessions-hint = End a session that you do not recognize, and change your password.
sessions-current = (this browser)
sessions-unknown = Unknown browser
sessions-times = Signed in { $created }, last used { $used }
sessions-end = End

# --- The demo's inbox
mailbox-title = Inbox
mailbox-lede = Every e-mail that this demo sends arrives here and nowhere else.
mailbox-empty = No e-mails yet. Subscribe on the home page, or wait for the next digest.
mailbox-count = { $count ->
    [one] 1 e-mail
   *[other] { $count } e-mails
}
mailbox-shown = showing the newest { $count }
mailbox-back = All e-mails
mailbox-from = From
mailbox-to = To
mailbox-date = Date
mailbox-headers = All headers
mailbox-html = HTML version
mailbox-text = Plain text version
mailbox-none = This e-mail has neither an HTML nor a plain text version.

# --- Reference of the API
api-title = API
api-lede = Programs read and control this site over HTTP and JSON.
api-token = Each request needs a token, which this command creates. Clients send it as “Authorization: Bearer TOKEN”.
api-errors = Errors are problem details in JSON (RFC 9457). Every request can return 400 (malformed), 401 (no valid token), 403 (not permitted), 404 (no such resource), 429 (too many requests), 500 and 503; one with a body 413 (too large) and 415 (not JSON); a change 412 (If-Match names another version) and 428 (If-Match is missing).
api-common = A list takes limit, the number of items on a page, and cursor, the value of next on the previous page. A POST request takes the header Idempotency-Key: a repetition with the same key has no second effect.
api-fields = Below each operation are its parameters and the fields of its JSON body, those that it needs with *, then its responses by status and the roles that may call it. Operations without an example are called like this one, with their method (-X) and path.
api-document = Description for programs (OpenAPI 3.1)
api-roles = Roles

# --- The demo's publishing form
publish-title = Publish an article
publish-lede = The article appears in the feeds immediately, and in the next digest of everyone who chose its section.
publish-field-title = Title
publish-field-text = Text
publish-field-text-hint = Leave an empty line between paragraphs.
publish-field-section = Section
publish-field-language = Language
publish-button = Publish
publish-error-title = Enter a title.
publish-done-title = Published
publish-done = “{ $title }” is in the feeds now and will be in the next digest.
publish-done-feeds = View the feed
publish-done-again = Publish another article
