"""Instagram for Afterpost: the insights of an account's posts and reels, from the Instagram API with Instagram Login."""
