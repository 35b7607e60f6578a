# Texts of the pages of feeds in the admin area.

admin-feeds-empty = There is no feed yet. A feed offers the newest articles as RSS, Atom and JSON.
admin-feed-readers-yesterday = Readers yesterday
admin-feed-trend = 30 days
admin-feed-size = Size
admin-feed-changed = Last change
admin-feed-private = Private
admin-feed-page = Page for readers
admin-feed-selected = articles selected
admin-feed-items = in the feed, of at most { $limit }
admin-feed-addresses = Addresses
admin-feed-secret = Everyone who knows these addresses can read the feed. Give them only to people who may.
admin-feed-discovery = Lines for other pages
admin-feed-selects = What it selects
admin-feed-all = All articles.
admin-feed-newest = Newest articles
admin-feed-nothing = No article fits. Choose other sections or tags, or wait for the next sync of a source.
admin-feed-section = Section: { $names }
admin-feed-tag = Tag: { $names }
admin-feed-author = Author: { $names }
admin-feed-language = Language: { $names }
admin-feed-source = Source: { $names }
