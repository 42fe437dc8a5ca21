"""Whose key is this? People's signing keys, and the controller's: made, kept by their holder, shown to those who shall trust them."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.show import print_json, print_line

if TYPE_CHECKING:
    from inventory.token import Pin

__all__ = ["app", "private_key", "public_keys"]

app = typer.Typer(help="Signing keys of people: make one, show its public half.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
# How a file that is encrypted to a passphrase begins (age, version 1).
_AGE = b"age-encryption.org/v1"


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="Where the private key shall be written.")],
    *,
    name: Annotated[str, typer.Option(help="The name of the person who will hold it.")],
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Ask for one, and encrypt the key.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a person's signing key: FILE for its holder alone, FILE.pub for those who shall trust it."""
    from inventory.token import new_key  # noqa: PLC0415 - start-up counts.

    if not name.strip():
        raise typer.BadParameter("--name is empty: write the person's name")
    key = dict(new_key())
    pin = _pin(key, name.strip())
    content = jsonlib.dumps(key).encode()
    if passphrase:
        import pyrage  # noqa: PLC0415 - most commands never need it.

        words = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
        content = pyrage.passphrase.encrypt(content, words)
    public = file.with_name(f"{file.name}.pub")
    if public.exists():
        raise typer.BadParameter(f"{public} is there already: keys are not written over")
    try:
        file.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise typer.BadParameter(f"{file} is there already: keys are not written over") from None
    file.write_bytes(content)
    public.write_text(f"{pin}\n", encoding="utf-8")
    if json:
        print_json({"private": str(file), "public": str(pin), "name": pin.name})
    else:
        print_line(f"{file}: keep it where no controller reads it")
        print_line(f"{public}: {pin}")


@app.command()
def show(
    file: Annotated[Path, typer.Argument(help="A private key, or a file with public ones.")],
    *,
    json: Json = False,
) -> None:
    """Print the public half of a key."""
    pins = public_keys(file) if file.suffix == ".pub" else (_pin(private_key(file), ""),)
    if json:
        print_json([{"public": str(pin), "name": pin.name, "kid": pin.kid} for pin in pins])
    else:
        for pin in pins:
            print_line(str(pin))


@app.command()
def controller(*, json: Json = False) -> None:
    """Print the public key of this controller, for those who verify what it signs, such as bundles."""
    from controller.settings import controller_pin, home_folder  # noqa: PLC0415 - see above.

    pin = controller_pin(home_folder())
    if json:
        print_json({"public": str(pin), "name": pin.name, "kid": pin.kid})
    else:
        print_line(str(pin))


def _pin(key: Mapping[str, Any], name: str) -> Pin:
    from inventory.token import KeyFormatError, pin_of  # noqa: PLC0415 - see above.

    try:
        return pin_of(key, name)
    except KeyFormatError as error:
        raise typer.BadParameter(str(error)) from None


def private_key(file: Path) -> Mapping[str, Any]:
    """A person's private key; asks for the passphrase where it has one. Raises BadParameter, OSError."""
    raw = file.read_bytes()
    if file.stat().st_mode & 0o077:
        raise typer.BadParameter(f"{file} can be read by others: chmod 600 {file}")
    if raw.startswith(_AGE):
        import pyrage  # noqa: PLC0415 - see above.

        words = typer.prompt(f"Passphrase of {file}", hide_input=True, err=True)
        try:
            raw = pyrage.passphrase.decrypt(raw, words)
        except pyrage.DecryptError:
            raise typer.BadParameter(f"the passphrase does not open {file}") from None
    try:
        key = jsonlib.loads(raw)
    except ValueError:
        key = None
    if not isinstance(key, dict) or "d" not in key:
        # The content is not repeated: it may be somebody's secret.
        raise typer.BadParameter(f"{file} is no private key: make one with 'secondline key new'")
    return key


def public_keys(file: Path) -> tuple[Pin, ...]:
    """The public keys in a file, one a line. Raises BadParameter, OSError."""
    from inventory.token import KeyFormatError, Pin  # noqa: PLC0415 - see above.

    pins = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            try:
                pins.append(Pin.read(line))
            except KeyFormatError as error:
                raise typer.BadParameter(f"{file}:{number}: {error}") from None
    if not pins:
        raise typer.BadParameter(f"{file} holds no public key")
    return tuple(pins)
