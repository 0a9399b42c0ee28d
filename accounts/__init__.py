"""Who somebody is: the account's life, and the one pipeline that every login walks."""
