"""The ground floor: what every app stands on. It has no models and imports no app."""
