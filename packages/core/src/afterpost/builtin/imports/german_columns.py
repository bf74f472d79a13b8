"""Columns of the networks' exports as a German page names them: such files are known, and can't be read."""

from collections.abc import Sequence

_COLUMNS = {
    "YouTube Studio": {
        *(
            "Inhalt",
            "Videotitel",
            "Veröffentlichungszeit des Videos",
            "Veröffentlichungszeitpunkt des Videos",
        ),
        *("Aufrufe", "Wiedergabezeit (Stunden)", "Abonnenten", "Klickrate der Impressionen (%)"),
        *("Impressionen", "Durchschnittliche Wiedergabedauer", "Geschätzter Umsatz (EUR)"),
    },
    "TikTok Studio": {
        *("Videotitel", "Videolink", "Video-Link", "Veröffentlichungszeit", "Beitragszeit", "Zeit"),
        *("Gesamtzahl der Likes", "Likes insgesamt", "Kommentare insgesamt", "Aufrufe insgesamt"),
        *("Geteilt insgesamt", "Gesamtzahl der Aufrufe", "Gesamtzahl der Kommentare"),
    },
    "Meta Business Suite": {
        *("Beitrags-ID", "Post-ID", "Konto-ID", "Konto-Benutzername", "Kontoname", "Seiten-ID", "Seitenname"),
        *("Beschreibung", "Dauer (Sek.)", "Veröffentlichungszeit", "Beitragsart", "Reichweite", "Aufrufe"),
        *("Kommentar zu den Daten", "Datum", "Titel", "Reaktionen", "Kommentare", "Gespeichert"),
    },
    "X": {
        *("Beitrags-ID", "Post-ID", "Datum", "Posttext", "Beitragstext", "Post-Link", "Beitragslink"),
        *("Impressionen", "Interaktionen", "Lesezeichen", "Antworten", "Profilbesuche", "Gefällt mir"),
    },
    "LinkedIn": {
        *("Titel des Beitrags", "Beitragstitel", "Link zum Beitrag", "Beitragslink", "Erstellungsdatum"),
        *("Erstellt am", "Impressionen", "Klicks", "Klickrate (CTR)", "Reposts", "Engagement-Rate"),
    },
}


def network_in_german(names: Sequence[str]) -> str | None:
    """The network whose German columns these are; None where fewer than two of them are there."""
    found = {network: len(columns.intersection(names)) for network, columns in _COLUMNS.items()}
    network = max(found, key=lambda each: found[each])
    return network if found[network] >= 2 else None
