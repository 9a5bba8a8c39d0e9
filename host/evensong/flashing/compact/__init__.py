"""The firmware's modules, as syntax trees, made small: one step in each file. `firmware_image` says why.

constants  integers are put where they are used
calls      functions of one expression that are called once are put where they are called
unused     what nobody refers to is left out
private    private names and parameters share a few names
link       modules that are always loaded together become one
rename     what the firmware defines is called what MicroPython has a name for anyway
"""
