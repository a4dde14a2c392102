"""The queue file: messages on their way to a next hop (STORAGE §7, embedded).

A *message* is kept once, sealed with its sender's key; a *job* is a message on one route (normally the recipients' domain), with up to 500
recipients; a job belongs to one of 16 shards. Each shard is scheduled by one worker under an epoch that grows with each change of owner:
results that come under an older one are refused. The file has one writer; everybody reads it.

Numbers of jobs grow in the order of commits, so that "beyond the last one I saw" is complete.
"""
