"""The company's data, read only: from a database or a folder of files to canonical tables, with everything found on the way.

Read `reading` first. Behind it, in the order a row walks: `engine` and `files` open the source; `mapping`, `presets` and `catalog` say
which of their columns are ours; `preset_3t`, `preset_lines` and `staging` read them; `cells` and `parsing` make numbers and days of text;
`quality` cleans (`sales`, `made_lines`, `people`, `zones`, `tours`, `costs`); `as_of` finds the last day that counts; `snapshot` keeps what
was read. `findings` and `finding_texts` are what is said about it, `check` prints it, `tables` is the contract with everything above.
"""
