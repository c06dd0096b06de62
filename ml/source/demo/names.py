"""Names as Santiago has them. All are invented; addresses end in example.com and phones in a made-up block."""

import numpy as np

from ml.source.demo.places import PLAIN
from ml.source.demo.streams import Floats

FIRST = (
    "María José", "Camila", "Valentina", "Francisca", "Javiera", "Constanza", "Daniela", "Carolina", "Paula", "Fernanda",
    "Claudia", "Ximena", "Rosa", "Patricia", "Marcela", "Juan Pablo", "Sebastián", "Matías", "Felipe", "Cristóbal",
    "Diego", "Rodrigo", "Andrés", "Gonzalo", "Ignacio", "Héctor", "Jorge", "Luis", "Manuel", "Tomás",
)  # fmt: skip
LAST = (
    "González", "Muñoz", "Rojas", "Díaz", "Pérez", "Soto", "Contreras", "Silva", "Martínez", "Sepúlveda",
    "Morales", "Rodríguez", "López", "Fuentes", "Hernández", "Torres", "Araya", "Flores", "Espinoza", "Valenzuela",
    "Castillo", "Tapia", "Reyes", "Gutiérrez", "Castro", "Pizarro", "Álvarez", "Vásquez", "Sánchez", "Fernández",
    "Ramírez", "Carrasco", "Gómez", "Cortés", "Herrera", "Núñez", "Jara", "Vergara", "Rivera", "Figueroa",
    "Riquelme", "García", "Miranda", "Bravo", "Vera", "Molina", "Vega", "Campos", "Sandoval", "Orellana",
)  # fmt: skip
BUSINESS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "office": (
        ("Constructora", "Estudio Jurídico", "Inmobiliaria", "Consultora", "Ingeniería", "Contadores", "Transportes", "Corredora"),
        ("Los Andes", "Mapocho", "Cordillera", "del Sur", "Austral", "Providencia", "San Cristóbal", "Pacífico", "Manquehue", "Aconcagua"),
    ),
    "minimarket": (
        ("Minimarket", "Almacén", "Botillería", "Provisiones"),
        ("Don Tito", "La Esquina", "Doña Rosa", "El Vecino", "Los Aromos", "San José", "La Plaza", "El Sol", "Las Rosas", "Don Lucho"),
    ),
    "school": (
        ("Colegio", "Liceo", "Jardín Infantil", "Escuela Básica"),
        ("San Ignacio", "Santa Teresa", "Gabriela Mistral", "Los Alerces", "Monte Carmelo", "Pablo Neruda", "El Bosque", "Los Copihues"),
    ),
    "gym": (
        ("Gimnasio", "Box", "Centro Deportivo", "Club"),
        ("Fuerza Sur", "Energía", "Cumbre", "Ñuñoa Fit", "Vital", "Andes Cross", "Pulso"),
    ),
    "clinic": (
        ("Clínica Dental", "Centro Médico", "Consulta Veterinaria", "Laboratorio"),
        ("Santa María", "Los Leones", "El Roble", "Vida Sana", "Plaza Egaña", "San Lucas", "Tobalaba"),
    ),
    "restaurant": (
        ("Restaurante", "Cafetería", "Fuente de Soda", "Pizzería", "Picada"),
        ("El Parrón", "La Piojera Chica", "Barrio Italia", "Don Peppe", "Las Lanzas", "El Quincho", "La Terraza", "Los Naranjos"),
    ),
}


def person(uniform: Floats) -> str:
    """A first and two last names from three uniform values."""
    return f"{_one(FIRST, uniform[0])} {_one(LAST, uniform[1])} {_one(LAST, uniform[2])}"


def business(kind: str, uniform: Floats) -> str:
    """The name of a business of a kind from two uniform values."""
    heads, tails = BUSINESS[kind]
    return f"{_one(heads, uniform[0])} {_one(tails, uniform[1])}"


def email(name: str, number: int) -> str:
    """An address that belongs to nobody (example.com is reserved for such)."""
    parts = name.translate(PLAIN).lower().replace(".", "").split()
    return f"{parts[0]}.{parts[-1]}{number}@example.com"


def phone(number: int) -> str:
    """A mobile number as Chileans write it, in a made-up block."""
    return f"+56 9 55{number % 100:02d} {(number * 7919) % 10000:04d}"


def _one(options: tuple[str, ...], uniform: np.floating | float) -> str:
    return options[int(uniform * len(options))]
