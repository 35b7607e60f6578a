# Texts of the pages about people: subscribers, imports, segments and suppressions.

people-import = Import…
people-new = New subscriber
people-search = Search
people-search-hint = Address or name
people-filter = Filter
people-filter-hint = compares fields, tags and attributes:
people-build = Add a condition
people-build-field = choose a field
people-build-attributes = Attributes
people-build-choose = Choose
people-build-test = Comparison
people-build-value = Value
people-build-add = Add
people-field-address = address
people-field-domain = domain of the address
people-field-name = name
people-field-timezone = time zone
people-field-language = language
people-field-tag = tag
people-field-digest = digest
people-field-status = status of a subscription
people-field-section = chosen section
people-field-created = subscriber since
people-field-suppressed = suppressed
people-field-segment = segment
people-test-equal = is
people-test-not-equal = is not
people-test-contains = contains
people-test-lacks = does not contain
people-test-less = is less than
people-test-less-or-equal = is at most
people-test-greater = is more than
people-test-greater-or-equal = is at least
people-test-empty = is empty
people-test-not-empty = is not empty
people-test-date-equal = is on
people-test-date-less = is before
people-test-date-less-or-equal = is on or before
people-test-date-greater = is after
people-test-date-greater-or-equal = is on or after
people-columns = Columns
people-apply = Apply
people-all-digests = All digests
people-chosen = chosen
people-all-matching = { $count ->
    [one] the one that matches
   *[other] all { $count } that match
  }
people-all-matching-more = all that match
people-action-tag = Tag…
people-action-untag = Remove tag…
people-action-subscribe = Subscribe…
people-action-unsubscribe = Unsubscribe…
people-action-export = Export
people-action-erase = Erase…
people-choose-page = Choose all on this page
people-count = { $count ->
    [one] One person
   *[other] { $count } people
  }
people-count-more = At least { $count } people
people-export = Export as CSV
people-jobs = Bulk operations
people-none-found = Nobody matches.
people-show-all = Show all
people-empty = There are no subscribers yet. People subscribe on the public page; you can also add or import them.
people-column-name = Name
people-column-state = Status
people-column-digests = Digests
people-column-language = Language
people-column-tags = Tags
people-column-timezone = Time zone
people-column-since = Since

people-new-button = Subscribe
people-consent = Consent
people-consent-ask = Ask by e-mail; the subscription begins when the person confirms
people-consent-given = The person has agreed; begin now
people-consent-evidence = How and when the person agreed
people-consent-hint = needed to begin now, for example: paper form, 12 May 2026
people-sections = Sections
people-sections-hint = none checked means all
people-sections-of = Sections: { $sections }
people-last-edition = Last edition, { $id }:
people-sections-change = Change sections
people-language-unknown = Not known
people-zone-hint = for example Asia/Shanghai
people-tags-hint = separated by commas
people-stored-now = Stored now: { $value }
people-error-email = This is not an e-mail address.
people-error-language = This is not a language. Write a code such as en or zh-CN.
people-error-timezone = This is not a time zone. Write it as in Asia/Shanghai or Europe/Berlin.
people-error-digest = Choose at least one digest.
people-error-consent = State how and when the person agreed, or ask by e-mail.
people-error-suppressed = The address is suppressed. Remove the suppression first.
people-error-suppression = Write an address such as name@example.com, or a domain such as @example.com.
people-error-owner-left = The owner of this address unsubscribed. Only the owner can subscribe again, on the public page.
people-error-address-in-use = Another subscriber has this address.
people-error-same-person = Confirm that the new address belongs to the same person.

people-data = Download the data
people-partly = You see only what concerns your digests.
people-subscriptions = Subscriptions
people-no-subscriptions = There is no subscription.
people-reason = Ended by a user: { $reason }
people-remind = Ask for confirmation again
people-end = Unsubscribe…
people-end-reason = Reason, which is kept
people-end-button = Unsubscribe
people-earlier = Earlier states
people-subscribe = Add a subscription
people-subscribe-button = Add
people-deliveries = Messages
people-no-deliveries = Nothing has been sent yet.
people-delivery-confirmation = Request for confirmation
people-delivery-message = Message
people-delivery-confirmation-of = Request for confirmation: { $digests }
people-delivery-test = Test message
people-delivery-edition = Edition
people-changes = Changes
people-details = Details
people-yes = yes
people-no = no
people-outdated = Somebody changed these details meanwhile. Your values are kept below; check them and save again.
people-address-change = Another address
people-address-new = New address
people-same-person = The new address belongs to the same person
people-same-person-hint = Subscriptions move along. The record of consent names the former address.
people-address-button = Change the address
people-suppression = Suppression
people-suppress-hint = A suppressed address gets no mail at all, whatever it is subscribed to.
people-suppress = Suppress
people-allow-hint = Afterwards mail can be sent to this address again, and rejections up to now are forgotten.
people-allow = Remove the suppression
people-allow-domain = Open the suppression of the domain
people-erase = Erase
people-erase-hint = Deletes name, address, subscriptions and history of this person. The numbers of past editions stay. An address that was erased can only be subscribed again by its owner.
people-erase-sure = Erase this person; it cannot be undone
people-erase-button = Erase
people-suppressed-admin = A user suppressed this address: it gets no mail.
people-suppressed-bounce = This address is suppressed because mail to it was returned.
people-suppressed-complaint = This address is suppressed because its owner reported mail as spam.
people-suppressed-domain = Every address at { $domain } is suppressed: this person gets no mail.

people-actor-user = User
people-actor-token = API token
people-actor-subscriber = The subscriber
people-actor-cli = Command line
people-actor-system = Courant
people-change-subscriber-create = Added
people-change-subscriber-change = Details changed
people-change-subscriber-erase = Erased
people-change-subscriber-delete = Deleted
people-change-subscriber-subscribe = Subscribed
people-change-subscriber-confirm = Subscription confirmed
people-change-subscriber-unsubscribe = Unsubscribed
people-change-subscriber-import = Imported
people-change-subscription-create = Subscription added
people-change-subscription-change = Subscription changed
people-change-subscription-subscribe = Subscription requested
people-change-subscription-confirm = Subscription confirmed
people-change-subscription-unsubscribe = Unsubscribed
people-change-subscription-delete = Subscription deleted
people-change-suppression-create = Address suppressed
people-change-suppression-delete = Suppression removed

admin-done-person-saved = The details are saved.
admin-done-person-address = The address is changed.
admin-done-person-asked = A request for confirmation is queued.
admin-done-person-subscribed = The subscription is stored.
admin-done-person-sections = The sections are changed.
admin-done-person-ended = The subscription has ended.
admin-done-person-suppressed = The address is suppressed.
admin-done-person-allowed = The suppression is removed.
admin-done-person-erased = The personal data is erased.
admin-refused-person-not-pending = Nothing was sent: the subscription does not wait for a confirmation any more.
admin-refused-person-not-confirmed = Nothing was changed: the subscription is not confirmed.
admin-refused-person-suppressed = Nothing was sent: the address is suppressed.
admin-refused-person-asked-before = Nothing was sent: the last request is less than 15 minutes old.
admin-refused-person-erase = Nothing was erased: check the box first.
admin-refused-person-being-sent = Nothing was erased: a message to this address is being sent. Try again in a minute.

people-error-tag = Write a tag of at most 64 characters without commas or semicolons.
people-error-count = The number of people changed meanwhile: there are { $count } now. Check it and go on.
people-error-typed = Type { $count } to go on.
people-error-sure = Check the box first.
people-tag = Tag
people-and-more = and { $count } more
people-typed = Type the number of people
people-back = Back to the list
people-bulk-title-tag = { $count ->
    [one] Tag one person
   *[other] Tag { $count } people
  }
people-bulk-title-untag = { $count ->
    [one] Remove a tag from one person
   *[other] Remove a tag from { $count } people
  }
people-bulk-title-subscribe = { $count ->
    [one] Subscribe one person
   *[other] Subscribe { $count } people
  }
people-bulk-title-unsubscribe = { $count ->
    [one] Unsubscribe one person
   *[other] Unsubscribe { $count } people
  }
people-bulk-title-erase = { $count ->
    [one] Erase one person
   *[other] Erase { $count } people
  }
people-bulk-button-tag = { people-bulk-title-tag }
people-bulk-button-untag = { people-bulk-title-untag }
people-bulk-button-subscribe = { people-bulk-title-subscribe }
people-bulk-button-unsubscribe = { people-bulk-title-unsubscribe }
people-bulk-button-erase = { people-bulk-title-erase }
people-bulk-hint-tag = People who have the tag keep it. Nothing else changes.
people-bulk-hint-untag = Nothing else changes.
people-bulk-hint-subscribe = The subscriptions begin now, with the consent that you state. Suppressed addresses and people who unsubscribed themselves are left out.
people-bulk-hint-unsubscribe = Only the subscriptions to this digest end. You can begin them again with consent.
people-bulk-hint-erase = Deletes names, addresses, subscriptions and history. It cannot be undone, and only the owners of the addresses can subscribe again.
people-bulk-sure = { $count ->
    [one] Erase this person; it cannot be undone
   *[other] Erase these { $count } people; it cannot be undone
  }
people-job = Operation
people-job-people = People
people-job-started = Started
people-job-ended = Finished
people-job-running = Running
people-job-finished = Finished
people-job-title-tag = Tag “{ $value }”
people-job-title-untag = Remove the tag “{ $value }”
people-job-title-subscribe = Subscribe to “{ $value }”
people-job-title-unsubscribe = Unsubscribe from “{ $value }”
people-job-title-erase = Erase
people-job-tag = tagged
people-job-untag = tag removed
people-job-subscribe = subscribed
people-job-unsubscribe = unsubscribed
people-job-erase = erased
people-job-unchanged = needed no change
people-job-suppressed = suppressed addresses
people-job-unsubscribed = unsubscribed themselves; only they can subscribe again
people-job-being-sent = a message was being sent to them; start again in a minute
people-job-not-done = left out
people-job-stuck = The number does not grow any more?
people-job-resume-hint = A restart of the server interrupts an operation. It continues where it stopped, and nothing is done twice.
people-job-resume = Continue
people-no-jobs = There was no bulk operation yet. Choose people in the list to begin one.
admin-done-bulk-started = The operation has started.
admin-done-bulk-resumed = The operation continues.
admin-refused-bulk-nobody = Nothing was done: choose people first.
admin-refused-bulk-finished = The operation is complete.

people-import-lede = Upload a CSV file or JSON lines. You see how it is read and what it would change before anything is stored.
people-import-digest = Subscribe these people to
people-import-file = File
people-import-file-hint = CSV, tab-separated or JSON lines, at most 2 GiB; also exports of other services
people-import-upload = Upload
people-import-no-digest = There is no digest yet. Create one before you import people.
people-imports-before = Previous imports
people-imports-none = Nothing has been imported yet.
people-import-unnamed = File without a name
people-import-valid = Valid lines
people-import-rejected = Rejected lines
people-import-uploaded = Uploaded
people-import-running = The numbers update by themselves. You can leave this page.
people-import-result = Result
people-import-would = An import would do this
people-import-report = All as CSV
people-import-line = Line
people-import-reason = Reason
people-import-more = There are more; the CSV file has them.
people-import-reading = How the file is read
people-import-encoding = Encoding
people-import-delimiter = Delimiter
people-import-recognize = recognized
people-import-again = Read again
people-delimiter-comma = comma
people-delimiter-semicolon = semicolon
people-delimiter-tab = tab
people-delimiter-pipe = vertical bar
people-import-columns = Columns
people-import-column = Column
people-import-values = First values
people-import-as = Imported as
people-import-no-email = Choose the column with the e-mail addresses.
people-import-ignore = not imported
people-import-attribute = attribute { $name }
people-import-attribute-name = name of the attribute
people-import-column-new = new attribute…
people-import-column-email = e-mail address
people-import-column-name = name
people-import-column-first-name = first name
people-import-column-last-name = last name
people-import-column-language = language
people-import-column-timezone = time zone
people-import-column-sections = sections
people-import-column-tags = tags
people-import-column-status = status
people-import-column-digest = digest
people-import-column-consent = record of consent
people-import-column-suppressed = suppression
people-import-column-attributes = attributes as JSON
people-import-into = Import into
people-import-pending = Ask each person by e-mail to confirm
people-import-confirmed = The people have agreed; subscribe them now
people-import-skip = Import the valid lines even if others are rejected
people-import-never = People who unsubscribed and suppressed addresses are never subscribed again by an import.
people-import-changed = Existing people whose values changed
people-import-changes = Existing people whose values would change
people-import-changed-would = { $count ->
    [one] The import changes stored values of one person.
   *[other] The import changes stored values of { $count } people.
  }
people-import-changed-were = { $count ->
    [one] The import changed stored values of one person.
   *[other] The import changed stored values of { $count } people.
  }
people-import-changed-first = The first { $count } are shown.
people-import-changed-values = Changes
people-import-changed-label = { $label }:
people-import-language = Language of people without one
people-import-language-hint = used for rows without a language, also in the request for confirmation
people-import-language-site = that of the site: { $language }
people-import-update = Update existing people: values of the file replace the stored ones; an empty value replaces nothing
people-import-keep = Leave existing people as they are; those without a subscription to this digest are subscribed
people-import-check = Check only
people-import-start = Import
people-import-start-valid = { $count ->
    [one] Import the valid line
   *[other] Import the { $count } valid lines
  }
people-import-sure-valid = { $count ->
    [one] Import one line and leave out the rejected ones ({ $rejected })?
   *[other] Import { $count } lines and leave out the rejected ones ({ $rejected })?
  }
people-import-sure = { $count ->
    [one] Import one line?
   *[other] Import { $count } lines?
  }
people-import-cancel = Cancel the import
people-import-cancel-hint = deletes the file; what is stored already stays
people-import-state-uploading = Being uploaded
people-import-state-ready = Waits for you
people-import-state-queued = Waiting
people-import-state-checking = Being checked
people-import-state-checked = Checked
people-import-state-rejected = Nothing imported: lines rejected
people-import-state-storing = Being imported
people-import-state-finished = Imported
people-import-state-failed = Failed
people-import-state-cancelled = Cancelled
people-import-outcome-checked = The file is checked. Nothing is imported yet.
people-import-outcome-finished = { $count ->
    [one] The import has processed one line.
   *[other] The import has processed { $count } lines.
  }
people-import-count-new = new people
people-import-count-changed = known people who change
people-import-count-unchanged = known people who stay as they are
people-import-count-confirmed = subscriptions that begin now
people-import-count-pending = requests for confirmation
people-import-count-already-subscribed = were subscribed before
people-import-count-previously-unsubscribed = stay unsubscribed
people-import-count-suppressed = suppressed addresses, left out
people-import-count-suppressions-added = new suppressions from the file
people-import-count-other-digests = lines of other digests, left out
admin-done-import-uploaded = The file is stored. Check how it is read.
admin-done-import-cancelled = The import is cancelled.
admin-refused-import-no-file = Choose a file that is not empty.
admin-refused-import-state = Nothing was done: the import is in another state by now.

people-segment = Segment
people-segment-new = New segment
people-segment-used = Used by
people-segments-none = A segment is a filter with a name: digests can have it as their audience, and lists can be filtered by it.
people-segment-file = { $place } defines this segment. Change it there.
people-segment-name = Name
people-segment-name-hint = lower-case letters, digits and hyphens; filters use it
people-segment-title = Title
people-segment-delete = Delete the segment
people-segment-delete-hint = The people stay. Earlier versions of the segment can be restored.
people-segment-delete-used = The digests above have this segment as their audience. Change them first.
people-segment-delete-sure = Delete the segment { $name }?
people-error-slug = Write lower-case letters, digits and hyphens.
people-error-name-taken = This name is taken.
people-error-other-change = Somebody changed other settings at the same moment. Save again.
people-suppressions-lede = Courant never sends mail to these addresses and domains. Only a keyed hash of an address is stored, so it is shown only while a subscriber has it.
people-suppression-search = Whole address or @domain
people-suppression-new = Suppress…
people-suppression-add = Suppress an address or a domain
people-suppression-what = Address or domain
people-suppression-target = name@example.com or @example.com
people-suppression-reason = Reason
people-suppression-admin = by a user
people-suppression-bounce = returned mail
people-suppression-complaint = reported as spam
people-suppression-unknown = address not stored
people-suppression-remove = Remove
people-suppression-sure = Allow mail to this address or domain again?
people-suppression-not = { $address } is not suppressed.
people-suppression-offer = Suppress { $address }…
people-suppression-whole = Write a whole address or @domain: of addresses only the hash is stored.
people-suppressions-none = No address is suppressed. Courant adds those whose mail is returned or reported as spam.
admin-done-segment-created = The segment is created.
admin-done-segment-saved = The segment is saved.
admin-done-segment-deleted = The segment is deleted.
admin-refused-segment-in-file = Nothing was changed: the config file defines this segment.
admin-refused-segment-used = Nothing was deleted: a digest has this segment as its audience.
admin-refused-segment-changed = Nothing was deleted: somebody changed the segment meanwhile.
admin-done-suppression-added = Suppressed: no mail goes there any more.
admin-done-suppression-removed = The suppression is removed.
admin-refused-suppression-known = The address was suppressed before.
admin-refused-suppression-gone = Nothing was changed: the address is not suppressed any more.
admin-refused-person-domain-suppressed = The whole domain of this address is suppressed. Remove that suppression on the page “Suppressions”.
