"""``python -m mailstead.app``"""

from mailstead.app.cli import main

main()
