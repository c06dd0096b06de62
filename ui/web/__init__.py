"""The app's HTTP side, before and beside Streamlit: gate, login, JSON routes, headers, static files. Pure ASGI, no widgets."""
