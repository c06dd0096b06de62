"""What the screens share: who is asking, the reads, the writes, the pieces. Streamlit lives here, in pages/ and in app.py only."""
